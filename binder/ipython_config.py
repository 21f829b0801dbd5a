"""Settings of each kernel on Binder; postBuild puts them into IPython's profile."""

c = get_config()  # noqa: F821 - IPython defines it
c.InteractiveShellApp.extensions = ["gemini_magics"]
c.GeminiMagics.service = "auto"  # the demo, where there is no key
