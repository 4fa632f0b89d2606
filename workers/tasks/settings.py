"""Settings: what was announced comes to hold."""

from uuid import UUID

from hub import coming_settings
from hub.clock import utcnow
from hub.configuration.models import ComingSetting
from hub.db import find_locked
from hub.ledger.tasks import TaskName
from hub.origin import CauseKind
from workers.chain import RunningJob, task


@task(TaskName.APPLY_SETTING)
def apply_setting(job: RunningJob, coming_id: UUID) -> None:
    """Change a policy as was announced; does nothing where that was withdrawn, or done before."""
    job.caused_by(CauseKind.RULE, "coming_setting")
    with job.finish() as session:
        made = find_locked(session, ComingSetting, coming_id)
        if made is not None:
            coming_settings.apply(session, made, now=utcnow())
