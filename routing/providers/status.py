"""What people should know about who answers."""

from routing.providers.catalogue import catalogue


def only_demo_answers() -> bool:
    """True while no real provider is configured: pages then show that answers come from a demonstration."""
    return catalogue().only_demo
