"""Settings, read from the environment. `docs/configuration.md` has a line for each variable."""

from __future__ import annotations

import hashlib
import hmac
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from orchestrall import embedded, unfold
from orchestrall import environment as env
from orchestrall.logs import logging_config
from tenants.postgresql_backend.pool import reset_connection

BASE_DIR = Path(__file__).resolve().parent.parent
TESTING = "pytest" in sys.modules
if TESTING:
    env.use_test_state(BASE_DIR)
env.load_dotenv(BASE_DIR / env.text("ENV_FILE", ".env"))
VAR_DIR = Path(env.text("ORCHESTRALL_VAR", str(BASE_DIR / "var"))).resolve()

# The embedded servers are the default; DATABASE_URL and REDIS_URL switch them off. ---------------------------------
DATABASE_URL = env.text("DATABASE_URL")
REDIS_URL = env.text("REDIS_URL")
EMBEDDED = not DATABASE_URL
EMBEDDED_SERVERS = {"postgres": not DATABASE_URL, "redis": not REDIS_URL}
_embedded = embedded.connection_info(VAR_DIR)
# Who may create the owner's role and database: the embedded server's superuser. Elsewhere DATABASE_URL is the owner.
DATABASE_SUPERUSER_URL = _embedded.superuser_url if EMBEDDED else ""
if EMBEDDED:
    _database_name = env.text("EMBEDDED_DATABASE", embedded.DATABASE)
    DATABASE_URL = _embedded.url_of(_database_name, f"{_database_name}_owner")
if not REDIS_URL:
    REDIS_URL = _embedded.redis_url
    CACHE_REDIS_URL = env.text("CACHE_REDIS_URL", _embedded.cache_redis_url)
else:
    CACHE_REDIS_URL = env.text("CACHE_REDIS_URL", REDIS_URL)

DEBUG = env.boolean("DEBUG", False)
SECRET_KEY = env.text("SECRET_KEY") or (embedded.secret_key(VAR_DIR) if EMBEDDED else "")
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")

PORT = env.integer("PORT", 8000, least=1, most=65535)
# Where `make run` listens. The demonstration, whose passwords are published, exists on loopback addresses only.
BIND_ADDRESS = env.text("BIND_ADDRESS", "127.0.0.1")
# The host name under which the platform answers; organizations live one label below it.
PLATFORM_HOST = env.text("PLATFORM_HOST", "localhost").lower()
PLATFORM_HOSTS = {PLATFORM_HOST} | ({"127.0.0.1", "[::1]"} if PLATFORM_HOST == "localhost" else set())
HTTPS = env.boolean("HTTPS", False)
PUBLIC_PORT = env.text("PUBLIC_PORT", "" if PLATFORM_HOST != "localhost" else str(PORT))
# The demonstration: seeded people with a published password, mail on a page. Embedded servers on loopback only.
EMBEDDED_DEMO = (
    EMBEDDED
    and PLATFORM_HOST == "localhost"
    and BIND_ADDRESS in ("127.0.0.1", "::1", "localhost")
    and env.boolean("DEMO", True)
)

# The tenant middleware answers 404 for hosts that lead nowhere, custom domains come from the database.
ALLOWED_HOSTS = ["*"]
USE_X_FORWARDED_HOST = False
if env.boolean("BEHIND_PROXY", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
NUM_PROXIES = env.integer("NUM_PROXIES", 0, most=10)

# Apps: each app's tables stand either in public or in every tenant's schema, never in both. -------------------------
SHARED_APPS = [
    "daphne",
    "tenants",
    "unfold",
    "unfold.contrib.filters",
    "orchestrall",
    "django.contrib.admin",
    # Behind the admin: it brings admin templates of its own, which would win.
    "django_tenants",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "django_celery_beat",
    "channels",
    "audit.platform",
    "billing.plans",
    "billing.platform",
    "routing.providers",
]
TENANT_APPS: list[str] = [
    "audit",
    "billing",
    "routing",
    "agents",
    "agents.chat",
    "agents.tickets",
]
INSTALLED_APPS = SHARED_APPS + TENANT_APPS
# Our own apps, by their first name.
HOUSE = ("audit", "tenants", "billing", "routing", "agents", "orchestrall")
TENANT_MODEL = "tenants.Organization"
TENANT_DOMAIN_MODEL = "tenants.Domain"
TENANT_SYNC_ROUTER = "tenants.routers.OwnerSyncRouter"
DATABASE_ROUTERS = [TENANT_SYNC_ROUTER]
PUBLIC_SCHEMA_URLCONF = "orchestrall.urls_platform"
ROOT_URLCONF = "orchestrall.urls_tenant"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "tenants.User"
ASGI_APPLICATION = "orchestrall.asgi.application"

MIDDLEWARE = [
    "orchestrall.requests.RequestMiddleware",
    "orchestrall.health.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "orchestrall.csp.SecurityHeaders",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "tenants.middleware.TenantMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "tenants.middleware.MembershipMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "tenants.session_activity.SessionActivityMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "tenants.second_factor.SecondFactorMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "billing.middleware.RateLimitHeaders",
    "orchestrall.errors.RefusalPages",
]
# What requests to `/v1/` go through instead (`orchestrall/lean.py`).
LEAN_MIDDLEWARE = [
    "orchestrall.requests.RequestMiddleware",
    "orchestrall.csp.SecurityHeaders",
    "tenants.middleware.TenantMiddleware",
]

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
                "orchestrall.context_processors.page",
            ],
        },
    }
]

# Database: three kinds of role. `default` logs in with no rights and takes a role at each cursor; `owner` migrates. --
_database = urlsplit(DATABASE_URL)
_name = unquote(_database.path.lstrip("/"))
_host = unquote(_database.hostname or "")
DATABASE_ROLES = {"login": f"{_name}_login", "platform": f"{_name}_platform", "tenants": f"{_name}_tenant"}
DATABASE_THREADS = env.integer("DATABASE_THREADS", 8, least=1, most=64)
_login_password = hmac.new(SECRET_KEY.encode(), b"database login", hashlib.sha256).hexdigest()
_common: dict[str, Any] = {
    "NAME": _name,
    "HOST": _host or embedded.socket_host(DATABASE_URL),
    "PORT": str(_database.port or ""),
    "CONN_MAX_AGE": 0,
}
_sslmode = env.text("DATABASE_SSLMODE")
_options: dict[str, Any] = {"sslmode": _sslmode} if _sslmode else {}
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        **_common,
        "ENGINE": "tenants.postgresql_backend",
        "USER": DATABASE_ROLES["login"],
        "PASSWORD": _login_password,
        "OPTIONS": {
            **_options,
            "pool": {
                "min_size": 1,
                "max_size": env.integer("DATABASE_POOL_SIZE", 20, least=2, most=500),
                "timeout": 30,
                "reset": reset_connection,
            },
        },
    },
    "owner": {
        **_common,
        "ENGINE": "django_tenants.postgresql_backend",
        "USER": unquote(_database.username or ""),
        "PASSWORD": unquote(_database.password or ""),
        "OPTIONS": _options,
    },
}

# Redis: limits, broker, channel layer and streams on one server; the cache on another that may evict. ---------------
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": CACHE_REDIS_URL,
        "KEY_FUNCTION": "tenants.cache.tenant_key_function",
        "KEY_PREFIX": f"{_name}:",
    },
    "public": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": CACHE_REDIS_URL,
        "KEY_PREFIX": f"{_name}:public",
    },
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": "layer"},
    }
}
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)

# People and sessions ------------------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["tenants.authentication.AccountBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
SESSION_ENGINE = "tenants.sessions"
SESSION_CACHE_ALIAS = "public"
SESSION_COOKIE_AGE = 8 * 3600
SESSION_SAVE_EVERY_REQUEST = False
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "orchestrall.errors.csrf_failure"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "tenants.adapters.AccountAdapter"
ACCOUNT_FORMS = {"signup": "tenants.forms.SignupForm"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
MFA_ADAPTER = "tenants.mfa.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = PLATFORM_HOST == "localhost"
MFA_TOTP_ISSUER = "Orchestrall"
MFA_REQUIRED_FOR_ADMINS = env.boolean("MFA_REQUIRED_FOR_ADMINS", not EMBEDDED_DEMO)

# Mail: without a server it goes to files, and in the demonstration to a page. ----------------------------------------
EMAIL_URL = env.text("EMAIL_URL")
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", f"Orchestrall <no-reply@{PLATFORM_HOST}>")
MAIL_DIR = VAR_DIR / "mail"
if EMAIL_URL:
    _mail = urlsplit(EMAIL_URL)
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST = _mail.hostname or "localhost"
    EMAIL_PORT = _mail.port or 25
    EMAIL_HOST_USER = unquote(_mail.username or "")
    EMAIL_HOST_PASSWORD = unquote(_mail.password or "")
    EMAIL_USE_TLS = _mail.scheme == "smtp+tls"
    EMAIL_USE_SSL = _mail.scheme == "smtps"
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = str(MAIL_DIR)

UNFOLD = unfold.UNFOLD

# REST ---------------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "tenants.authentication.KeyAuthentication",
        "tenants.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["tenants.api_permissions.HasPermission"],
    "DEFAULT_THROTTLE_CLASSES": ["billing.throttling.PlanThrottle"],
    "DEFAULT_PAGINATION_CLASS": "tenants.pagination.CursorPages",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["tenants.parsers.BoundedJSONParser"],
    "EXCEPTION_HANDLER": "tenants.problems.exception_handler",
    "COERCE_DECIMAL_TO_STRING": True,
    "NUM_PROXIES": NUM_PROXIES,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Orchestrall API",
    "DESCRIPTION": "Agents, conversations, tickets, routing, usage and the audit chain of an organization.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "AgentStatusEnum": "agents.models.STATUS_CHOICES",
        "OrganizationStatusEnum": "tenants.models.Organization.Status",
        "TicketKindEnum": "orchestrall.openapi.ticket_kinds",
        "TicketLevelEnum": "agents.tickets.models.LEVEL_CHOICES",
        "UsageRecordKindEnum": "orchestrall.openapi.usage_record_kinds",
    },
    "SERVERS": [{"url": "/"}],
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# Languages, time, files ---------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
MEDIA_ROOT = VAR_DIR / "files"

# Models: who answers, and the demonstration provider's address. ------------------------------------------------------
DEMO_PROVIDER_URL = env.text("DEMO_PROVIDER_URL") or _embedded.demo_provider_url
PROVIDER_ENVIRONMENT = {
    name: env.text(name)
    for name in (
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
        "AZURE_OPENAI_API_KEY",
        "AZURE_OPENAI_ENDPOINT",
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_BASE_URL",
        "GEMINI_API_KEY",
        "GEMINI_BASE_URL",
        "OLLAMA_BASE_URL",
        "SMALL_MODEL",
        "LARGE_MODEL",
        "MODEL_PRICES",
    )
}
# Seconds. The budget is for beginning an answer: no attempt starts after it, and no pause for a retry passes it.
MODEL_CONNECT_TIMEOUT_S = env.integer("MODEL_CONNECT_TIMEOUT_S", 5, least=1, most=60)
MODEL_FIRST_TOKEN_TIMEOUT_S = env.integer("MODEL_FIRST_TOKEN_TIMEOUT_S", 20, least=1, most=600)
MODEL_TOTAL_TIMEOUT_S = env.integer("MODEL_TOTAL_TIMEOUT_S", 180, least=1, most=3600)
MODEL_RETRY_BUDGET_S = env.integer("MODEL_RETRY_BUDGET_S", 30, least=0, most=600)
MODEL_MAX_BODY_BYTES = env.integer("MODEL_MAX_BODY_BYTES", 8 * 1024 * 1024, least=1024, most=2**30)
# The longest answer, in tokens, when the caller sets no limit; what is reserved before a call follows from it.
MODEL_MAX_OUTPUT_TOKENS = env.integer("MODEL_MAX_OUTPUT_TOKENS", 4096, least=1, most=1_000_000)

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
X_FRAME_OPTIONS = "DENY"

# Logs and figures ---------------------------------------------------------------------------------------------------
METRICS_TOKEN = env.text("METRICS_TOKEN")
LOGGING = logging_config(
    env.choice("LOG_FORMAT", "text" if EMBEDDED_DEMO else "json", ("text", "json")),
    env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
)
