"""Words that mean more, or less, than a name's other words; all folded as `hub.matching.folding`.

Legal forms follow the abbreviations of ISO 20275 (Entity Legal Form codes) for the countries our
users trade with; the lists are data, so that a missing word is one word more.
"""

# ruff: noqa: SIM905 - word lists are read and kept as text

LEGAL_FORMS = frozenset(
    # Denmark
    "aps as is ks ps ivs amba fmba smba aktieselskab anpartsselskab ivaerksaetterselskab "
    "interessentskab kommanditselskab partnerselskab enkeltmandsvirksomhed enk fond forening "
    "erhvervsdrivende "
    # Norway, Sweden, Finland, Iceland
    "asa ans da sa bd ab publ hb kb ek handelsbolag kommanditbolag aktiebolag aktieselskap "
    "aksjeselskap oy oyj ky tmi osakeyhtio ehf hf slf "
    # Germany, Austria, Switzerland
    "gmbh ag kg ohg kgaa ug gbr ev eg mbh se sarl sagl "
    # Britain, Ireland, United States, and others that write English
    "ltd limited plc llp llc lp inc incorporated corp corporation company co pllc pc cic dac "
    "pty pte pvt bhd sdn "
    # Benelux, France, Italy, Spain, Portugal, Poland, the Baltics
    "bv nv vof cv bvba sprl sas sasu eurl sarl sci snc srl spa sl slu lda sp zoo spzoo ou as sia "
    "uab eood ood doo dd sro kft zrt nyrt rt".split()
)
"""Stripped from the end of a name, as often as they stand there."""

LEADING_LEGAL_FORMS = frozenset(
    "as aps is ks ps ivs amba ab oy oyj hb kb gmbh pt ooo zao oao pao ou sia uab stichting".split()
)
"""Stripped from the front too, where written with stops or strokes or in capitals of their own:
"A/S Nordlys", "AB Volvo"; not "Is til alle"."""

FILLERS = frozenset("og and und och ja et i in of the de den det for til at a an by av af".split())
"""Say nothing."""

SAME_WORDS = {
    "st": "saint", "ste": "saint", "sct": "saint", "skt": "saint", "sankt": "saint",
    "ctr": "center", "cntr": "center", "centre": "center", "centers": "center", "centres": "center",
    "cent": "center", "centr": "center", "assn": "association", "assoc": "association",
    "univ": "university", "intl": "international", "int": "international", "dept": "department",
    "bros": "brothers", "mfg": "manufacturing", "svc": "service", "svcs": "service",
    "services": "service", "comm": "community", "acad": "academy", "sch": "school", "elem":
    "elementary", "dr": "doctor", "mt": "mount", "ft": "fort", "brdr": "broedrene",
    "kbh": "koebenhavn", "copenhagen": "koebenhavn", "aarhus": "aarhus", "arhus": "aarhus",
    "ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9",
}  # fmt: skip
"""Abbreviations and spellings of one word."""

SISTERS = frozenset(
    "holding holdings holdingselskab holdingselskabet ejendomme ejendom ejendomsselskab "
    "ejendomsselskabet ejendomsinvest properties property estate estates invest investment "
    "investments investering nordic nordics scandinavia scandinavian danmark denmark dk sverige "
    "sweden norge norway finland deutschland germany europe europa international koncern finans "
    "finance capital leasing udlejning rental rentals pension materiel maskiner junior "
    "senior".split()
)
"""Tell a company from its sisters: one with such a word that the other lacks is another."""

QUALIFIERS = frozenset(
    "group gruppen production produktion retail wholesale engros eksport export import logistics "
    "logistik transport raadgivning administration development udvikling drift operations "
    "management teknik trading handel trade digital online oest vest nord syd east west north "
    "south".split()
)
"""Often left out by one writer and written by another: one-sided they raise doubt, and where both
names have one and they differ, they tell sisters apart; so do numbers."""

GENERIC = frozenset(
    "company firma firmaet forretning butik butikken shop store center school academy university "
    "institute association club forening klub community childcare daycare kindergarten preschool "
    "child children childrens care day early childhood learning development head start program "
    "church kirke hotel restaurant cafe bar salon klinik clinic tandlaege doctor service shoppen "
    "byg toemrer maler murer vvs auto biler el entreprise entreprenoer solutions systems system "
    "software data it web media design studio partner partners team gruppe digital shop online "
    "consulting consult dansk danske danish new little".split()
)
"""Trade words that many share: they count, but less than a name."""

WEB_MAIL = frozenset(
    "gmail.com googlemail.com hotmail.com hotmail.dk hotmail.se hotmail.no outlook.com outlook.dk "
    "live.com live.dk live.se live.no msn.com yahoo.com yahoo.dk yahoo.co.uk yahoo.se ymail.com "
    "icloud.com me.com mac.com aol.com mail.com mail.dk gmx.de gmx.net gmx.com web.de t-online.de "
    "freenet.de proton.me protonmail.com pm.me tutanota.com zoho.com yandex.ru yandex.com mail.ru "
    "mail.tele.dk stofanet.dk jubii.dk ofir.dk youmail.dk sol.dk get2net.dk post.tele.dk "
    "webspeed.dk email.dk privat.dk tdcadsl.dk post.cybercity.dk c.dk tdc.dk fiber.dk waoo.dk "
    "telia.com comhem.se bredband.net spray.se online.no broadpark.no kolumbus.fi luukku.com "
    "qq.com 163.com 126.com wp.pl onet.pl o2.pl orange.fr free.fr laposte.net wanadoo.fr libero.it "
    "facebook.com instagram.com linkedin.com twitter.com x.com youtube.com google.com dba.dk "
    "wordpress.com wixsite.com blogspot.com".split()
)
"""Domains of mail providers and of pages that belong to others: they say nothing of their users."""

STREET_WORDS = {
    "st": "street", "str": "street", "ave": "avenue", "av": "avenue", "blvd": "boulevard",
    "rd": "road", "dr": "drive", "ln": "lane", "pl": "place", "ct": "court", "pkwy": "parkway",
    "hwy": "highway", "sq": "square", "ter": "terrace", "n": "north", "s": "south", "e": "east",
    "w": "west", "gt": "gate", "gtn": "gaten", "vn": "vej", "vg": "vaeg", "alle": "alle",
    "pl.": "plads", "strasse": "strasse", "ste": "suite", "apt": "apartment",
}  # fmt: skip
"""Abbreviations in addresses."""
