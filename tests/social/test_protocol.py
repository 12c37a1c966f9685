def test_somebody_who_agrees_comes_back_as_the_provider_knows_her(guild, come_back):
    identity = come_back(guild)
    print(identity)
    assert (identity.issuer, identity.subject) == ("https://id.example.com", "f-1")
