"""Sign-in with any OpenID Connect provider: see docs/sign-in.md.

allauth keeps the state of a sign-in, connects accounts and signs people in. What is asked of a provider, and
what is believed of its answers, is here:

- `config`: providers as the environment names them; `apps`, `models`: addresses that were only believed
- `wire`: requests to a provider; `metadata`, `keys`: what it says of itself; `tokens`: its ID tokens
- `identity`: who somebody is; `people`: the account they get; `roles`: what their groups make of them
- `provider`, `adapter`: what allauth is told; `views`, `sign_out`, `connections`: pages
- `leaving`: the way out; `problems`, `failing`: what goes wrong; `again`: who is asked once more
- `local`: what is not there without local accounts
"""
