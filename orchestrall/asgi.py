"""The ASGI application: HTTP through Django, sockets through the gate that knows who opens them."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrall.settings")

_django = get_asgi_application()  # loads the apps, which the imports below need

from orchestrall.lean import HttpApplication, LeanHandler  # noqa: E402
from orchestrall.urls_sockets import websocket_urlpatterns  # noqa: E402
from tenants.sockets import SocketGate  # noqa: E402

http = HttpApplication(_django, LeanHandler())
application = ProtocolTypeRouter({"http": http, "websocket": SocketGate(URLRouter(websocket_urlpatterns))})
