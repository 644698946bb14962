"""The one package that drives Locust."""

from loadtests.name_clashes import require_own_packages

require_own_packages()
