"""Credit standing: what codes and holds let a customer do, and when a hold comes by itself.

hub.credit.codes        the catalogue of credit codes, and the code of a customer
hub.credit.holds        putting on hold and releasing, by hand and by itself
hub.credit.sweeping     the same for all customers at once
hub.credit.permissions  may this customer do that?
hub.credit.rules        which rule wins, as plain values
"""
