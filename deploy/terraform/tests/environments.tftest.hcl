# A domain, a NAT gateway, and two environments beside each other.

mock_provider "aws" {
  source = "./tests/mocks"
}

mock_provider "aws" {
  alias  = "us_east_1"
  source = "./tests/mocks"
}

variables {
  environment = "test"
  image_tag   = "v1"
}

run "without_a_domain" {
  assert {
    condition     = length(aws_acm_certificate.edge) + length(aws_acm_certificate.balancer) + length(aws_route53_record.front) + length(aws_route53_record.proof) == 0
    error_message = "There is a certificate or a record for nothing."
  }

  assert {
    condition     = aws_lb_listener.front.protocol == "HTTP" && aws_lb_listener.front.port == 80 && aws_vpc_security_group_ingress_rule.cloudfront.from_port == 80
    error_message = "Nobody signs a certificate for the balancer's own name."
  }

  assert {
    condition     = one(aws_cloudfront_distribution.front.viewer_certificate).cloudfront_default_certificate && output.url == "https://d111111abcdef8.cloudfront.net"
    error_message = "It is not reached by CloudFront's name."
  }
}

run "with_a_domain" {
  variables {
    domain  = "chat.example.org"
    zone_id = "Z0123456789ABC"
  }

  assert {
    condition     = output.url == "https://chat.example.org" && aws_cloudfront_distribution.front.aliases == toset(["chat.example.org"])
    error_message = "It is not reached by its domain."
  }

  assert {
    condition     = one(aws_cloudfront_distribution.front.viewer_certificate).minimum_protocol_version == "TLSv1.2_2021"
    error_message = "People may speak old TLS."
  }

  assert {
    condition     = aws_lb_listener.front.protocol == "HTTPS" && aws_lb_listener.front.port == 443 && aws_vpc_security_group_ingress_rule.cloudfront.from_port == 443
    error_message = "CloudFront speaks to the balancer without TLS."
  }

  assert {
    condition     = one([for origin in aws_cloudfront_distribution.front.origin : one(origin.custom_origin_config).origin_protocol_policy if origin.origin_id == "app"]) == "https-only"
    error_message = "CloudFront speaks to the balancer without TLS."
  }

  assert {
    condition     = join(",", keys(aws_route53_record.front)) == "A,AAAA"
    error_message = "The domain does not lead to CloudFront."
  }

  assert {
    condition = (
      aws_cognito_user_pool_client.web.callback_urls == toset(["https://chat.example.org/accounts/oidc/sso/login/callback/"]) &&
      aws_cognito_user_pool_client.web.logout_urls == toset(["https://chat.example.org/"]) &&
      aws_cognito_user_pool_client.web.allowed_oauth_flows == toset(["code"])
    )
    error_message = "The pool does not lead back."
  }
}

run "with_nat" {
  variables {
    nat_gateway = true
    zones       = 3
  }

  assert {
    condition     = length(aws_nat_gateway.each) == 3 && length(aws_route.nat) == 3 && length(aws_subnet.each) == 9
    error_message = "Each zone has a NAT gateway of its own, and subnets for tasks."
  }

  assert {
    condition     = !aws_ecs_service.web["web"].network_configuration[0].assign_public_ip && toset(aws_ecs_service.web["web"].network_configuration[0].subnets) == toset(local.subnet_ids["tasks"])
    error_message = "Tasks are public all the same."
  }
}

run "one_that_comes_and_goes" {
  variables {
    deletion_protection = false
  }

  assert {
    condition = (
      !aws_db_instance.main.deletion_protection && aws_db_instance.main.skip_final_snapshot && !aws_lb.front.enable_deletion_protection &&
      aws_cognito_user_pool.people.deletion_protection == "INACTIVE" && aws_s3_bucket.static.force_destroy && aws_ecr_repository.app.force_delete &&
      alltrue([for secret in aws_secretsmanager_secret.app : secret.recovery_window_in_days == 0])
    )
    error_message = "Something is left when it is taken down."
  }
}

run "another_one" {
  variables {
    environment       = "prod"
    github_repository = "example/chatscape"
    alarm_email       = "ops@example.org"
    owner_email       = "owner@example.org"
  }

  assert {
    condition     = toset(flatten([for one in data.aws_iam_policy_document.workflows_assume["release"].statement[0].condition : one.values if endswith(one.variable, ":sub")])) == toset(["repo:example/chatscape:ref:refs/heads/main", "repo:example/chatscape:environment:prod"])
    error_message = "Another repository or branch may release."
  }

  assert {
    condition     = length([for one in aws_budgets_budget.month["month"].notification : one if one.subscriber_email_addresses == toset(["ops@example.org"])]) == 3
    error_message = "Nobody is told of what it costs."
  }

  # Whatever has a name that is taken once an account, or once in the world.
  assert {
    condition = alltrue([for name in concat(
      [
        aws_lb.front.name, aws_lb_target_group.web.name, aws_ecs_cluster.main.name, aws_ecs_service.web["web"].name,
        aws_ecr_repository.app.name, aws_db_instance.main.identifier, aws_db_instance.main.final_snapshot_identifier,
        aws_db_subnet_group.main.name, aws_db_parameter_group.main.name, aws_elasticache_subnet_group.main.name,
        aws_elasticache_replication_group.main.replication_group_id, aws_s3_bucket.static.bucket,
        aws_cloudfront_origin_access_control.static.name, aws_cloudfront_function.variants.name,
        aws_cognito_user_pool_domain.people.domain, aws_sns_topic.alarms.name, aws_sns_topic.edge.name,
        aws_cloudwatch_metric_alarm.edge.alarm_name,
      ],
      [for one in aws_cloudfront_response_headers_policy.exported : one.name],
      [for one in aws_ecs_task_definition.each : one.family],
      [for one in aws_iam_role.task : one.name],
      [for one in aws_security_group.each : one.name],
      [for one in aws_cloudwatch_metric_alarm.each : one.alarm_name],
      [for one in aws_secretsmanager_secret.app : replace(one.name, "/", "-")],
      [for one in aws_cloudwatch_log_group.each : replace(one.name, "chatscape/", "chatscape-")],
    ) : strcontains(name, "chatscape-prod")])
    error_message = "Two environments would take the same name."
  }

  assert {
    condition     = output.service != run.without_a_domain.service && output.migrate_task != run.without_a_domain.migrate_task
    error_message = "Two environments are one."
  }
}
