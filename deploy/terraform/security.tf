# Where CloudFront's requests come from. The list counts as many rules: one group has room for it once.
data "aws_ec2_managed_prefix_list" "cloudfront" {
  name = "com.amazonaws.global.cloudfront.origin-facing"
}

locals {
  groups = {
    balancer = "CloudFront reaches the load balancer"
    service  = "The load balancer reaches the tasks"
    database = "The tasks reach PostgreSQL"
    cache    = "The tasks reach Redis"
  }

  # Who may speak to whom: both ends of every way.
  ways = {
    tasks    = { from = "balancer", to = "service", port = local.port }
    database = { from = "service", to = "database", port = 5432 }
    cache    = { from = "service", to = "cache", port = 6379 }
  }

  # The pool, the registry, secrets, logs and push services; mail servers.
  outward = { https = 443, submissions = 465, submission = 587 }
}

resource "aws_security_group" "each" {
  for_each = local.groups

  name        = "${local.name}-${each.key}"
  description = each.value
  vpc_id      = aws_vpc.main.id

  tags = { Name = "${local.name}-${each.key}" }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "cloudfront" {
  security_group_id = aws_security_group.each["balancer"].id
  description       = "CloudFront"
  prefix_list_id    = data.aws_ec2_managed_prefix_list.cloudfront.id
  ip_protocol       = "tcp"
  from_port         = local.listener.port
  to_port           = local.listener.port
}

resource "aws_vpc_security_group_ingress_rule" "each" {
  for_each = local.ways

  security_group_id            = aws_security_group.each[each.value.to].id
  description                  = "From ${each.value.from}"
  referenced_security_group_id = aws_security_group.each[each.value.from].id
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
}

resource "aws_vpc_security_group_egress_rule" "each" {
  for_each = local.ways

  security_group_id            = aws_security_group.each[each.value.from].id
  description                  = "To ${each.value.to}"
  referenced_security_group_id = aws_security_group.each[each.value.to].id
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
}

resource "aws_vpc_security_group_egress_rule" "outward" {
  for_each = local.outward

  security_group_id = aws_security_group.each["service"].id
  description       = each.key
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = each.value
  to_port           = each.value
}
