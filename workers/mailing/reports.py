"""The mail of a report run: its file, and what it holds."""

from sqlalchemy.orm import Session

from hub import files, links
from hub.files import services as file_rows
from hub.files.models import StoredFile
from hub.mail.models import Delivery, DeliveryKind
from hub.ports import OutgoingMail
from hub.reports.models import ReportDef, ReportRun
from workers.mailing.renderers import Composer, renders
from workers.rendering.mails import Attachment, Envelope, compose
from workers.rendering.readers import Reader
from workers.rendering.report_mails import ReportFacts, report_content

MOST_BYTES = 10_000_000  # a third more in base64; many servers refuse mails beyond 20 MB


@renders(DeliveryKind.REPORT)
def report_mail(session: Session, delivery: Delivery) -> Composer:
    """Return what makes the mail of a run: the very file that was rendered, attached."""
    run = session.get_one(ReportRun, delivery.source_id)
    report = session.get_one(ReportDef, run.report_id)
    file = file_rows.get(session, run.file_id) if run.file_id else None
    attached = file if file is not None and file.size_bytes <= MOST_BYTES else None
    assert run.as_of is not None  # noqa: S101 - it is mailed when it is rendered
    facts = ReportFacts(
        title=report.name,
        as_of=run.as_of,
        row_count=run.row_count or 0,
        link=links.absolute(links.record_path("report-runs", run.id)),
        has_file=file is not None,
        is_attached=attached is not None,
        sha256=run.sha256 if file is not None else None,
        partial_reason=run.message["text"] if run.is_partial and run.message else None,
    )

    def make(reader: Reader, envelope: Envelope) -> OutgoingMail:
        attachments = [_attachment(attached)] if attached is not None else []
        return compose(envelope, report_content(facts, reader), attachments=attachments)

    return make


def _attachment(file: StoredFile) -> Attachment:
    with files.open_content(file.sha256) as stream:
        return Attachment(file.name, file.media_type.partition(";")[0], stream.read())
