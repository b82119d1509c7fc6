"""ChatScape's settings: everything comes from the environment, see docs/configuration.md."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from accounts.oidc.config import local_accounts_in, providers_in
from chatscape.env import Settings, bad_value, secret_key
from chatscape.headers import directives, of_files, origin_of, socket_address
from chatscape.logs import configured
from chatscape.proxy import request_key
from chatscape.rates import limits_in
from chatscape.stores import caches, channel_layers, databases

BASE_DIR = Path(__file__).resolve().parent.parent
env = Settings()

# State: the database, uploads and the generated key live in one folder.
VAR_DIR = env.folder(
    "CHATSCAPE_VAR",
    BASE_DIR / "var",
    mode=0o700,
    about="the folder for the database, the generated key and collected static files",
    shown="var",
)

DEBUG = env.flag("DEBUG", default=False, about="Django's debug pages; never on a server that others reach")
SECRET_KEY = secret_key(
    env.text(
        "SECRET_KEY",
        about="signs sessions and links; at least 32 characters",
        shown="made once and kept in `CHATSCAPE_VAR/secret_key`",
        secret=True,
    ),
    keep_in=VAR_DIR / "secret_key",
)

# Where people reach it.
HOST = env.text("HOST", "127.0.0.1", about="the address of this machine that the server listens on")
PORT = env.number("PORT", 8000, least=1, most=65535, about="the port that the server listens on")
PUBLIC_URL = env.site(
    "PUBLIC_URL",
    about=(
        "the address people use, such as `https://chat.example.org`; with https, cookies are secure, plain"
        " http is redirected (behind a proxy that sets `X-Forwarded-Proto`), HSTS is on"
    ),
)
_public = urlsplit(PUBLIC_URL)
ALLOWED_HOSTS = env.hosts(
    "ALLOWED_HOSTS",
    [_public.hostname] if _public.hostname else [],
    about="other names that the server answers to",
    shown="the host of `PUBLIC_URL`, else this machine",
) or [
    "127.0.0.1",
    "localhost",
    "[::1]",
    *([HOST] if HOST not in ("0.0.0.0", "::", "127.0.0.1", "localhost") else []),  # noqa: S104
]
# Told to pages by themselves and by /config.json; a proxy may have it elsewhere.
SOCKET_URL = env.parsed(
    "SOCKET_URL",
    "/ws/",
    socket_address,
    "must be a path such as /ws/, or an address such as wss://chat.example.org:8443/ws/",
    about="where pages open their socket; cookies must reach it, so it has the host of `PUBLIC_URL`",
)
_forwarded_proto = env.parsed(
    "FORWARDED_PROTO_HEADER",
    "X-Forwarded-Proto",
    request_key,
    "must be the name of a header",
    about="where the proxy in front says `https` of what people sent by https, when `PUBLIC_URL` is https; "
    "a proxy behind another may put its own into the usual one",
)
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"] if _public.netloc else []
ACCOUNT_DEFAULT_HTTP_PROTOCOL = _public.scheme or "http"

# Who may join once there is an owner, and whether an address must be confirmed by mail.
SIGN_UP = env.choice(
    "SIGN_UP",
    "invited",
    ("invited", "open"),
    about="who may join: by invitation once there is an owner, or anybody",
)
# Providers to sign in with (docs/sign-in.md), and whether there are local accounts, too.
OIDC_PROVIDERS = providers_in(env)
LOCAL_ACCOUNTS: bool = local_accounts_in(env, OIDC_PROVIDERS)
# Whether moderators need a second factor before the admin pages open.
REQUIRE_MFA_FOR_STAFF = env.flag(
    "REQUIRE_MFA_FOR_STAFF",
    default=False,
    about="moderators and administrators need a passkey or an authenticator app before the admin pages open",
)

INSTALLED_APPS = [
    "daphne",
    "chatscape.admin.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "accounts",
    "accounts.oidc",
    "chat",
    "chatscape",
    "deploy",
]

MIDDLEWARE = [
    "chatscape.middleware.FirstMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "chatscape.storage.StaticMiddleware",
    "chatscape.middleware.HouseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.sessions.AuthenticationMiddleware",
    "chatscape.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.oidc.local.LocalAccountsMiddleware",
]

ROOT_URLCONF = "chatscape.urls"
WSGI_APPLICATION = "chatscape.wsgi.application"
ASGI_APPLICATION = "chatscape.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "chatscape.context.site",
            ],
        },
    }
]

# The database: a file beside nothing else, or PostgreSQL (chatscape/stores.py).
DATABASE_URL = env.url(
    "DATABASE_URL",
    ("postgres", "postgresql", "sqlite"),
    about="`postgres://user:password@host/name` for PostgreSQL",
    shown="SQLite in `CHATSCAPE_VAR`",
    secret=True,
)
DATABASE_CONNECTIONS = env.number(
    "DATABASE_CONNECTIONS", 12, least=2, most=100, about="the most connections of one process to PostgreSQL"
)
DATABASES = databases(DATABASE_URL, DATABASE_CONNECTIONS, VAR_DIR)

# Between processes: nothing, or Redis.
REDIS_URL = env.url(
    "REDIS_URL",
    ("redis", "rediss", "unix"),
    about="`redis://host:6379/0`; needed as soon as there is more than one process",
    secret=True,
)
CHANNEL_LAYERS = channel_layers(REDIS_URL)
CACHES = caches(REDIS_URL)

# Sessions; the rest about people is in accounts/settings.py.
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_NAME = "chatscape_session"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
SESSION_COOKIE_SAMESITE = "Lax"
MESSAGE_STORAGE = "chatscape.notices.NoticeStorage"
# Our scripts take the token from the page.
CSRF_COOKIE_HTTPONLY = True

# Mail: printed on the console until a server is named.
EMAIL_URL = env.url(
    "EMAIL_URL",
    ("smtp", "smtps", "smtp+tls"),
    about="the mail server, `smtp+tls://user@host:port`; without it mail is printed on the console "
    "(with `LOG_FORMAT=json` it is not sent)",
    secret=True,
)
_mail_password = env.text(
    "EMAIL_PASSWORD", about="the mail server's password", shown="from `EMAIL_URL`", secret=True
)
DEFAULT_FROM_EMAIL = env.sender("EMAIL_FROM", "ChatScape <chatscape@localhost>", about="the sender of mails")
if EMAIL_URL:
    _mail = urlsplit(EMAIL_URL)
    EMAIL_HOST = _mail.hostname or "localhost"
    EMAIL_PORT = _mail.port or {"smtp": 25, "smtps": 465, "smtp+tls": 587}[_mail.scheme]
    EMAIL_HOST_USER = unquote(_mail.username or "")
    EMAIL_HOST_PASSWORD = _mail_password or unquote(_mail.password or "")
    EMAIL_USE_SSL = _mail.scheme == "smtps"
    EMAIL_USE_TLS = _mail.scheme == "smtp+tls"
    EMAIL_TIMEOUT = 10
else:
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
# Without a mail server nobody could confirm an address: then it is believed (docs/decisions.md).
CONFIRM_EMAIL = env.flag(
    "CONFIRM_EMAIL",
    default=bool(EMAIL_URL),
    about="whether people confirm their address by mail",
    shown="on with `EMAIL_URL`",
)

# Languages and time.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
if len(LANGUAGES) > 1:
    MIDDLEWARE.insert(
        MIDDLEWARE.index("django.middleware.common.CommonMiddleware"),
        "django.middleware.locale.LocaleMiddleware",
    )
LOCALE_PATHS = [BASE_DIR / "chatscape" / "locale"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

# Static files: hashed names, compressed once, served by the same process.
STATIC_URL = (
    env.url(
        "STATIC_URL",
        ("https", "http"),
        about="where static files are served from, when not by the server itself",
        shown="/static/",
    )
    or "/static/"
)
STATICFILES_DIRS = [BASE_DIR / "static"]
# WhiteNoise warns of a folder that is not there; before files are collected it is empty.
STATIC_ROOT = env.folder(
    "STATIC_ROOT",
    VAR_DIR / "static",
    about="the folder for collected static files",
    shown="`CHATSCAPE_VAR/static`",
)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "chatscape.storage.StaticStorage"},
}
MEDIA_ROOT = VAR_DIR / "media"
WHITENOISE_MANIFEST_STRICT = False
# Before files are collected they are served from where they lie.
WHITENOISE_USE_FINDERS = not (STATIC_ROOT / "staticfiles.json").exists()

# Safety.
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "chatscape.views.csrf_failure"
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 100
SILENCED_SYSTEM_CHECKS: list[str] = []
_static_origin = origin_of(STATIC_URL)
CONTENT_SECURITY_POLICY = {"DIRECTIVES": directives(_static_origin, origin_of(SOCKET_URL))}
WHITENOISE_ADD_HEADERS_FUNCTION = of_files(elsewhere=bool(_static_origin))
if _public.scheme == "https":
    SECURE_PROXY_SSL_HEADER = (_forwarded_proto, "https")
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^health/"]
    SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    # Browsers take them from this host alone: another one under the same domain cannot set them.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-chatscape_session", "__Host-csrftoken"

# Realtime: how often a socket is told the latest revision of its rooms (seconds).
HEARTBEAT_SECONDS = env.number(
    "HEARTBEAT_SECONDS", 20, least=1, most=60, about="how often sockets are told the latest revisions"
)

# Take sockets over from Daphne once they are accepted (docs/decisions.md).
PARKED_SOCKETS = env.flag(
    "PARKED_SOCKETS",
    default=True,
    about="off leaves sockets with Daphne: more memory, slower, otherwise the same",
)

# Processes on one port; handshakes a second and process; over how many seconds a restart spreads sockets.
WEB_CONCURRENCY = env.number(
    "WEB_CONCURRENCY",
    1,
    least=1,
    most=256,
    about="how many processes serve the port (`manage.py serve --workers`); more than one needs `REDIS_URL`",
)
CONNECTS_PER_SECOND = env.number(
    "CONNECTS_PER_SECOND",
    1000,
    least=1,
    most=100_000,
    about=(
        "how many sockets a process lets in per second (twice as many at once, and as many waiting for"
        " their check); others are answered 503 with `Retry-After`"
    ),
)
DRAIN_SECONDS = env.number(
    "DRAIN_SECONDS",
    0,
    least=0,
    most=300,
    about="how long a server that is to end still takes requests while `/health/ready` says that it stops, "
    "for load balancers that need a moment to look elsewhere",
)
KEEP_ALIVE_SECONDS = env.number(
    "KEEP_ALIVE_SECONDS",
    60,
    least=1,
    most=4000,
    about="after how long a connection without requests is closed; behind a load balancer longer than that "
    "one waits, so that it never sends a request into one that closes",
)
RESTART_SPREAD = env.number(
    "RESTART_SPREAD",
    20,
    least=0,
    most=300,
    about="over how many seconds the sockets of a process that restarts come back",
)

# How often one person, and one address, may do something (chatscape/rates.py).
LIMITS = limits_in(env)

# What backups are encrypted with when the command is not told (docs/backup.md).
BACKUP_RECIPIENTS = env.words(
    "BACKUP_RECIPIENTS", [], about="public keys of age (`age1...`); each of them opens every backup"
)
BACKUP_PASSPHRASE = env.text(
    "BACKUP_PASSPHRASE",
    about="encrypts every backup unless there are recipients, and opens those it has encrypted",
    secret=True,
)

# What `manage.py prune` may remove besides what is over (chatscape/pruning.py); 0 keeps it.
KEEP_EVIDENCE_DAYS = env.number(
    "KEEP_EVIDENCE_DAYS",
    0,
    least=0,
    most=36_500,
    about=(
        "after how many days `manage.py prune` removes the words from reports that are closed; 0 keeps them"
    ),
)
KEEP_AUDIT_DAYS = env.number(
    "KEEP_AUDIT_DAYS",
    0,
    least=0,
    most=36_500,
    about="after how many days `manage.py prune` removes entries of the audit log; 0 keeps them",
)

# Logs, and numbers for those who watch the server (docs/monitoring.md).
LOG_LEVEL = env.choice(
    "LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"), about="the least that is written to the log"
)
LOG_FORMAT = env.choice(
    "LOG_FORMAT", "line", ("line", "json"), about="how lines of the log look: for people, or for programs"
)
LOG_REQUESTS = env.flag(
    "LOG_REQUESTS",
    default=LOG_FORMAT == "json",
    about="whether each request is a line of the log",
    shown="on with `LOG_FORMAT=json`",
)
LOGGING = configured(LOG_FORMAT, LOG_LEVEL)
if not EMAIL_URL and LOG_FORMAT == "json":
    # A log that programs collect is no place for what a mail says.
    EMAIL_BACKEND = "chatscape.mail.UnsentBackend"
METRICS_TOKEN = env.text(
    "METRICS_TOKEN",
    about="what Prometheus sends as Bearer to read `/metrics`, at least 16 characters; without it nobody can",
    secret=True,
)
if METRICS_TOKEN and (len(METRICS_TOKEN) < 16 or not METRICS_TOKEN.isascii()):
    raise bad_value("METRICS_TOKEN", "must have at least 16 characters of ASCII")
METRICS_LOG_NAMESPACE = env.text(
    "METRICS_LOG_NAMESPACE",
    about="with it each process writes how many sockets it has to stdout, in CloudWatch's format",
)
METRICS_LOG_SERVICE = env.text("METRICS_LOG_SERVICE", "chatscape", about="the service that those lines name")
METRICS_LOG_SECONDS = env.number(
    "METRICS_LOG_SECONDS", 60, least=1, most=3600, about="how often they are written"
)

from accounts.settings import *  # noqa: E402, F403
from deploy.settings import *  # noqa: E402, F403
