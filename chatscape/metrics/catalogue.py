"""Every metric of ChatScape. Labels have few values, and none that a person chose."""

from chatscape.metrics.kinds import Counter, Gauge, Histogram

_MOMENTS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_TIMES = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

# Sockets
connections = Gauge(
    "chatscape_connections", "Open sockets, by who carries them: parked or daphne.", "carrier"
)
handshakes = Counter(
    "chatscape_handshakes_total",
    "Handshakes of sockets: accepted, or why not (origin, session, rate, database, busy, full, path).",
    "outcome",
)
closed = Counter(
    "chatscape_sockets_closed_total",
    "Sockets that ended, by the close code the server gave (4008: too slow), or client, or lost.",
    "code",
)
frames = Counter(
    "chatscape_frames_received_total",
    "Frames of clients, by action, and how they were answered: ok, or the code of the error.",
    "action",
    "outcome",
)
deliveries = Counter(
    "chatscape_deliveries_total", "Events told to sockets: events times those who hear them."
)
fan_outs = Histogram(
    "chatscape_fan_out_seconds", "How long it takes to tell all sockets of a room.", bounds=_MOMENTS
)
backlog = Gauge("chatscape_backlog_bytes", "Bytes that wait for clients that do not take them.")
backlogged = Gauge("chatscape_backlogged_sockets", "Sockets whose clients have not taken everything.")

# Messages
posts = Counter("chatscape_posts_total", "Messages posted and saved, by door: socket or form.", "door")
batches = Histogram(
    "chatscape_batch_size",
    "How many posts shared a transaction, or handshakes a check, by kind: posts or handshakes.",
    "kind",
    bounds=(1, 2, 4, 8, 16, 32, 64),
)
catch_ups = Histogram(
    "chatscape_catch_up_messages",
    "How many messages clients got that asked for what they had missed, by door: socket or http.",
    "door",
    bounds=(0, 1, 5, 10, 20, 50, 100),
)

# Queues
queues = Gauge(
    "chatscape_queue_length",
    "What waits: posts, handshakes, pages (for a thread), database (work of sockets, for a thread), "
    "layer (events on their way to Redis).",
    "queue",
)
pages_refused = Counter("chatscape_pages_refused_total", "Requests refused as others waited too long.")

# Pages
requests = Histogram(
    "chatscape_request_seconds",
    "How long requests took, waiting included, by route, method and class of status.",
    "route",
    "method",
    "status",
    bounds=_TIMES,
)

# What it stands on
database = Gauge(
    "chatscape_database_connections", "Connections of the pool to PostgreSQL: used or idle.", "state"
)
database_waiting = Gauge("chatscape_database_waiting", "Threads that wait for a connection to PostgreSQL.")
layer_up = Gauge(
    "chatscape_layer_up", "Whether events reach other processes by way of Redis (1), or not (0)."
)
layer_lost = Counter("chatscape_layer_lost_total", "How often the way to other processes was lost.")
log_lines = Counter(
    "chatscape_log_lines_total", "Lines logged, by level: WARNING, ERROR or CRITICAL.", "level"
)

# The processes
loop_lag = Gauge("chatscape_loop_lag_seconds", "How late the event loop was lately: the most in ten seconds.")
memory = Gauge("chatscape_process_resident_memory_bytes", "Memory of the process.")
cpu = Gauge("chatscape_process_cpu_seconds_total", "Processor time of the process.", counts=True)
open_files = Gauge("chatscape_process_open_fds", "Files and connections that are open.")
most_files = Gauge("chatscape_process_max_fds", "How many may be open.")
started = Gauge("chatscape_process_start_time_seconds", "When the process started (Unix time).")
reported = Gauge(
    "chatscape_process_report_time_seconds", "When the process last told its numbers (Unix time)."
)
build = Gauge("chatscape_build_info", "1, with what runs here.", "version", "python", "django")
