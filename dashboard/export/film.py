"""x"""


def film(shown, path, wish): ...
