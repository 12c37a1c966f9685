"""Close the account, open it again, take the data along, be erased."""
