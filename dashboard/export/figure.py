"""x"""


def figure(shown, path, wish): ...
