"""What a key looks like, wherever it stands."""

from __future__ import annotations

import re

REMOVED = "•••"

SECRET = re.compile(
    r"""
      (?<=://) [^/\s:@]+ : [^/\s@]+ (?=@)                       # name and password in a URL
    | (?<=Bearer\ ) [\w.~+/=-]{8,}
    | \b (?: sk|pk|rk ) [-_] [\w-]{16,}                         # OpenAI, OpenRouter, Anthropic, Stripe
    | \b AIza [\w-]{30,} | \b ya29\. [\w.-]{20,}                # Google
    | \b gh[pousr]_ \w{20,} | \b github_pat_ \w{20,} | \b glpat- [\w-]{16,}
    | \b hf_ \w{20,} | \b npm_ \w{20,} | \b pypi- [\w-]{20,}
    | \b xox[a-z]- [\w-]{10,}                                   # Slack
    | \b (?: AKIA|ASIA ) [A-Z0-9]{16} \b                        # AWS
    | \b eyJ [\w-]{8,} \. [\w-]{8,} \. [\w-]*                   # a JSON web token
    | \b (?: [0-9a-fA-F]{32} | [0-9a-fA-F]{40} | [0-9a-fA-F]{64} ) \b   # kie's have 32 digits
    | -----BEGIN\ [A-Z ]* PRIVATE\ KEY----- .*? (?: -----END\ [A-Z ]* PRIVATE\ KEY----- | \Z )
    """,
    re.VERBOSE | re.DOTALL,
)
