"""A site inside the test's process, new for each test: the fixtures of the web's tests serve here as well."""

import importlib.util
from pathlib import Path

_WEB = Path(__file__).parents[1] / "web" / "conftest.py"
_spec = importlib.util.spec_from_file_location("conftest_of_the_web", _WEB)
assert _spec is not None
assert _spec.loader is not None
_web = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_web)

template, site, open_site, open_mail_site = _web.template, _web.site, _web.open_site, _web.open_mail_site
# Tests import it by this name.
asvs_kit = _web._load(Path(__file__).with_name("asvs_kit.py"))
