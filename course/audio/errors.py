"""What goes wrong with sound, said so that it can be put right."""


class AudioError(ValueError):
    """Sound that cannot be read, made or used, and what to do about it."""
