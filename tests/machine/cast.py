"""Who is there: two honest people and Mallory, with all that each of them has and knows."""

#: The administrators.
BOSS, DEPUTY = ADMINISTRATORS = ("boss", "deputy")
VICTORIA, PABLO, MALLORY = PEOPLE = ("victoria", "pablo", "mallory")
#: The mailboxes that each one reads; over those of the guild the provider has authority.
MAILBOXES = {
    VICTORIA: ("victoria@example.com", "vic@guild.example"),
    PABLO: ("pablo@example.com", "pablo@guild.example"),
    MALLORY: ("mallory@example.com", "mal@guild.example", "evil@example.com"),
}
READER = {address: person for person, own in MAILBOXES.items() for address in own}
NAMES = {
    VICTORIA: ("victoria", "vic"),
    PABLO: ("pablo", "pab"),
    MALLORY: ("mallory", "mal"),
}
PASSWORDS = {
    VICTORIA: ("azure ladder 61", "copper window 18"),
    PABLO: ("green bottle 92", "yellow guitar 37"),
    MALLORY: ("violet hammer 44", "broken mirror 55"),
}
