"""Reports and exports: any list as a file, once or on a schedule, for whoever may read it.

A report is a stored query with a name. An export is one run of a query for the person who asked. A
schedule runs a report for its recipients, each run evaluated for the one who will read it.
"""
