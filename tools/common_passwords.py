"""Makes the list of passwords that everybody tries, from the one that zxcvbn-ts ships. Run by hand when it is to be renewed.

    npm install @zxcvbn-ts/language-common@4.1.3
    node -e 'import("@zxcvbn-ts/language-common").then((m) => console.log(m.dictionary["passwords-common"].join("\\n")))' \\
        | python tools/common_passwords.py LICENSE.txt > packages/admit-server/src/admit_server/machine/common_passwords.txt

The list there is in the order of frequency, of leaked passwords. Kept are the thousand most frequent ones of four letters or more, of
which longer passwords are put together, and of the others those that have the least length that any rule here allows.
"""

import sys
import unicodedata
from pathlib import Path

TOP, LEAST_OF_TOP, LEAST = 1000, 4, 8
SOURCE = "@zxcvbn-ts/language-common 4.1.3, passwords; leaked passwords by frequency, in lower case"
# What is often proposed as an example, and walks over the keyboard that are long enough for rules like ours: both are tried.
EXAMPLES = (
    "correct horse battery staple", "correcthorsebatterystaple", "thisismypassword", "mypasswordispassword", "1q2w3e4r5t6y7u8i",
    "q1w2e3r4t5y6u7i8", "zaq12wsxcde34rfv", "qwertyuiopasdfgh", "qwertyuiopasdfghjkl", "asdfghjklzxcvbnm", "asdfghjklasdfghjkl",
    "zxcvbnmasdfghjkl", "qwertyuiopasdfghjklzxcvbnm", "1qaz2wsx3edc4rfv5tgb", "administrator",
)  # fmt: skip


def main() -> None:
    lines = (unicodedata.normalize("NFC", line).casefold() for line in sys.stdin.read().split("\n"))
    words = list(dict.fromkeys(word for word in lines if len(word) >= LEAST_OF_TOP))
    kept = list(dict.fromkeys([*words[:TOP], *EXAMPLES, *(word for word in words[TOP:] if len(word) >= LEAST)]))
    print(f"# {SOURCE}")
    print(
        f"# The first {TOP} are the most frequent ones. Made by tools/common_passwords.py. The source's licence (MIT):"
    )
    for line in Path(sys.argv[1]).read_text().strip().split("\n"):
        print(f"# {line}".rstrip())
    print()
    print("\n".join(kept))


if __name__ == "__main__":
    main()
