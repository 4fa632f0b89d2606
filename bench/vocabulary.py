"""The words that drawn companies are made of."""


def _listed(text: str, separator: str) -> tuple[str, ...]:
    return tuple(text.split(separator))


SYLLABLES = _listed(
    "al an ar bel ber bi bo bra da dan del di dor el en er fa fal fin fre ga gar gi gra hal "
    "han hel hol in is ja jo ka kal kel ko kra la lan le lin lo lu ma mar mi mo na nel ni nor "
    "o on pa pel pri ra ren ri ro sa sel si sol sta ta tek ti tor tra ul va ver vi vol",
    " ",
)
SURNAMES = _listed(
    "Jensen Nielsen Hansen Pedersen Andersen Christensen Larsen Sørensen Rasmussen Jørgensen "
    "Madsen Kristensen Olsen Thomsen Møller Poulsen Johansen Knudsen Mortensen Lund Holm "
    "Schmidt Eriksen Friis Dahl Bach Krogh Skov Bendtsen Winther Gregersen Brandt Toft "
    "Vestergaard Bruun Nørgaard Bertelsen Kjær Overgaard Lauridsen Hedegaard Ravn Thorsen "
    "Bjerregaard Iversen",
    " ",
)
FIRST_NAMES = _listed(
    "Anne Peter Mette Lars Kirsten Michael Hanne Jens Anna Henrik Helle Thomas Maria Søren "
    "Susanne Jan Lene Martin Camilla Niels Ida Rasmus Freja Emil Signe Jakob Åse Bjørn",
    " ",
)
TRADES = _listed(
    "Tømrer,Murerfirma,El-teknik,VVS,Rådgivning,Revision,Ejendomme,Transport,Bageri,Slagter,"
    "Autoværksted,Trykkeri,Have & Anlæg,Malerfirma,Gulvservice,Arkitekter,Ingeniører,Holding,"
    "Invest,Vinhandel,Møbler,Cykler,Fysioterapi,Tandlægehus,Reklame,Konsulent,Software,Data,"
    "Maskinfabrik,Smedeværksted,Planteskole,Catering,Rengøring,Fotografi,Optik,Isenkram",
    ",",
)
STREETS = _listed(
    "Nørregade,Søndergade,Vestergade,Østergade,Algade,Storegade,Kirkevej,Skolegade,Havnegade,"
    "Strandvejen,Industrivej,Skovvej,Møllevej,Engvej,Fabriksvej,Birkevej,Bakkevej,Torvet",
    ",",
)
CITIES = _listed(
    "1050 København K,2100 København Ø,2200 København N,2300 København S,2500 Valby,"
    "2600 Glostrup,2800 Kongens Lyngby,3000 Helsingør,3400 Hillerød,4000 Roskilde,"
    "4100 Ringsted,4200 Slagelse,4600 Køge,4700 Næstved,4800 Nykøbing F,5000 Odense C,"
    "5220 Odense SØ,5500 Middelfart,5700 Svendborg,6000 Kolding,6100 Haderslev,6200 Aabenraa,"
    "6400 Sønderborg,6700 Esbjerg,7000 Fredericia,7100 Vejle,7400 Herning,7500 Holstebro,"
    "7800 Skive,8000 Aarhus C,8200 Aarhus N,8600 Silkeborg,8700 Horsens,8800 Viborg,"
    "8900 Randers,9000 Aalborg,9200 Aalborg SV,9400 Nørresundby,9700 Brønderslev,9800 Hjørring",
    ",",
)
"""Each with its postcode before it."""
INDUSTRIES = _listed(
    "Bygge og anlæg,Handel,Transport,Rådgivning,Industri,Service",
    ",",
)
FORMS = ("ApS", "ApS", "ApS", "A/S", "A/S", "I/S", "")
