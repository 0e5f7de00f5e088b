"""GANs that you can watch train; `from gancore import watch` follows a loop of your own."""


def __getattr__(name: str):
    # Loaded when it is asked for: torch shall not come with every part of this package.
    if name == "watch":
        from gancore.run.watch import watch

        return watch
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
