"""Complete, customizable user accounts for Django: register, confirm, log in, passwords, roles."""
