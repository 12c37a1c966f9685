"""Sites of a thousand people to millions: what each page asks the database, and what it costs."""
