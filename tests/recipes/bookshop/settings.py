from common import *  # noqa: F403
from common import ROOMS

INSTALLED_APPS = ["bookshop", *ROOMS]
