"""The Celery app: a carrier of wake-ups. Every option says why it stands (reliability.md §5)."""

from billiard import pool
from celery import Celery
from celery.signals import worker_process_init, worker_process_shutdown
from kombu import Queue as CeleryQueue

from hub.ledger.tasks import Queue
from hub.settings import get_settings
from workers import broker, heartbeat, process

broker.install()
app = Celery("hub")
app.conf.update(
    broker_url=process.redis_url(),
    task_ignore_result=True,  # results are rows; a result backend triples the cost of a message
    task_acks_late=True,  # harmless: the claim decides who does the work
    task_reject_on_worker_lost=True,  # likewise
    task_serializer="json",
    accept_content=["json"],  # pickle would be code execution
    task_default_queue=Queue.DEFAULT.value,
    task_queues=[CeleryQueue(queue.value) for queue in Queue],
    task_create_missing_queues=False,
    worker_prefetch_multiplier=1,
    worker_enable_remote_control=False,  # nobody steers workers through the broker
    worker_send_task_events=False,
    worker_max_tasks_per_child=5000,  # against slow leaks
    worker_max_memory_per_child=300_000,  # KiB, likewise
    worker_soft_shutdown_timeout=20,
    worker_hijack_root_logger=False,  # our log lines are ours
    broker_connection_max_retries=None,  # the default of 100 ends the worker
    broker_connection_retry_on_startup=True,
    broker_pool_acquire_timeout=5,
    task_publish_retry=False,  # a lost wake-up is sent again: it is the row that counts
    broker_transport_options={
        "visibility_timeout": 300,  # a wake-up is done in seconds
        "socket_timeout": 5,  # None by default: a frozen Redis would block for ever
        "socket_connect_timeout": 3,
        "socket_keepalive": True,
        "health_check_interval": 10,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
    },
    imports=("workers.tasks",),
)

# A process of a worker that ends waits until its parent has read its last result: for half a minute
# where the parent reads no more, and then the supervisor kills both. Nothing hangs on results.
pool.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT = 10  # tenths of a second


@worker_process_init.connect
def _open(**_: object) -> None:
    process.start("worker", pool_size=2)  # one for the body, one for the heartbeat
    heartbeat.start(get_settings().lease_s, app.amqp.queues.consume_from)


@worker_process_shutdown.connect
def _close(**_: object) -> None:
    heartbeat.stop()
