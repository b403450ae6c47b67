"""The staff pages of accounts: users and roles, tokens, the audit log."""

from controller.accounts.pages import audit, tokens, users
from controller.web.shell.page import Page, Panel

PAGES: tuple[Page | Panel, ...] = (users.PAGE, tokens.PAGE, audit.PAGE)
