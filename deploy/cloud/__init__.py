"""Bring an environment up on AWS and take it down again: ``make up ENV=name``, ``make down ENV=name``.

`environment` is what it is made of, `checks` what this machine needs, `state` where Terraform remembers,
`terraform`, `image`, `service` and `smoke` one step each, `up` and `down` their order.
"""
