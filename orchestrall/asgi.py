"""The ASGI application: HTTP through Django; sockets are added by the chat."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrall.settings")

application = ProtocolTypeRouter({"http": get_asgi_application()})
