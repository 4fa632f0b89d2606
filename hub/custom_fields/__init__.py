"""Fields that an installation adds to its records: typed, in sections, retired instead of deleted.

    class Lead(Customised, Record): ...                  # the column that holds their values
    customise(Lead, listing="leads", fields=WRITABLE)    # says that it can have such fields
    values, warned = entered(session, Lead, values)      # in its service, before it is written

Lists, exports, reports, facets and the history follow.
"""

from hub.custom_fields.declaring import customise
from hub.custom_fields.models import CustomField, Customised, FieldType
from hub.custom_fields.services import guarded
from hub.custom_fields.values import carried, clean

__all__ = ["CustomField", "Customised", "FieldType", "carried", "clean", "customise", "guarded"]
