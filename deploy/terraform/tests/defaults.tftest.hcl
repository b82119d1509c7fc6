# What one gets who says nothing but a name. No account, no network: every answer of AWS is made up.

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

run "defaults" {
  assert {
    condition = alltrue([for name in [
      aws_lb.front.name, aws_lb_target_group.web.name, aws_ecs_cluster.main.name, aws_ecs_service.web["web"].name,
      aws_ecr_repository.app.name, aws_db_instance.main.identifier, aws_elasticache_replication_group.main.replication_group_id,
      aws_cognito_user_pool.people.name,
    ] : name == "chatscape-test"])
    error_message = "Something is not named after the environment."
  }

  assert {
    condition     = local.tags == { Project = "chatscape", Environment = "test", ManagedBy = "terraform" }
    error_message = "Everything is tagged with project, environment and who manages it."
  }

  assert {
    condition     = aws_s3_bucket.static.bucket == "chatscape-test-123456789012-static"
    error_message = "The bucket's name is not this account's alone."
  }

  assert {
    condition     = length(aws_subnet.each) == 4 && length(distinct([for subnet in aws_subnet.each : subnet.availability_zone])) == 2
    error_message = "There are public and data subnets in two zones."
  }

  assert {
    condition     = length(distinct([for subnet in aws_subnet.each : subnet.cidr_block])) == 4
    error_message = "Subnets overlap."
  }

  assert {
    condition     = length(aws_nat_gateway.each) == 0 && length(aws_eip.nat) == 0
    error_message = "A NAT gateway costs money and was not asked for."
  }

  assert {
    condition     = aws_ecs_service.web["web"].network_configuration[0].assign_public_ip
    error_message = "Without a NAT gateway tasks reach nothing unless they have public addresses."
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.each : !subnet.map_public_ip_on_launch])
    error_message = "A subnet gives away public addresses unasked."
  }

  assert {
    condition     = !aws_db_instance.main.publicly_accessible
    error_message = "The database is public."
  }

  assert {
    condition     = toset(aws_db_subnet_group.main.subnet_ids) == toset(local.subnet_ids["data"]) && toset(aws_elasticache_subnet_group.main.subnet_ids) == toset(local.subnet_ids["data"])
    error_message = "Database and Redis live in the data subnets."
  }

  assert {
    condition     = !contains([for route in concat([aws_route.internet], values(aws_route.nat)) : route.route_table_id], aws_route_table.each["data"].id)
    error_message = "The data subnets have a way out."
  }

  assert {
    condition = alltrue(concat(
      [for rule in aws_vpc_security_group_ingress_rule.each : rule.cidr_ipv4 == null && rule.referenced_security_group_id != null],
      [aws_vpc_security_group_ingress_rule.cloudfront.cidr_ipv4 == null, aws_vpc_security_group_ingress_rule.cloudfront.prefix_list_id == "pl-cloudfront"],
    ))
    error_message = "Something is open to the world."
  }

  assert {
    condition     = { for key, rule in aws_vpc_security_group_ingress_rule.each : key => rule.from_port } == { tasks = 8000, database = 5432, cache = 6379 }
    error_message = "Another port is open, or one is closed."
  }

  assert {
    condition     = length(aws_default_security_group.unused.ingress) == 0 && length(aws_default_security_group.unused.egress) == 0
    error_message = "The default security group lets something through."
  }

  assert {
    condition = (
      aws_s3_bucket_public_access_block.static.block_public_acls && aws_s3_bucket_public_access_block.static.block_public_policy &&
      aws_s3_bucket_public_access_block.static.ignore_public_acls && aws_s3_bucket_public_access_block.static.restrict_public_buckets
    )
    error_message = "The bucket can be made public."
  }

  assert {
    condition = (
      aws_lb_listener.front.default_action[0].fixed_response[0].status_code == "403" &&
      one(one(aws_lb_listener_rule.cloudfront.condition).http_header).http_header_name == "X-Origin-Secret"
    )
    error_message = "The balancer lets in who does not come through CloudFront."
  }

  assert {
    condition     = aws_db_instance.main.storage_encrypted && contains([for one in aws_db_parameter_group.main.parameter : "${one.name}=${one.value}"], "rds.force_ssl=1")
    error_message = "The database is not encrypted, or takes connections that are not."
  }

  assert {
    condition = (
      aws_elasticache_replication_group.main.at_rest_encryption_enabled && aws_elasticache_replication_group.main.transit_encryption_enabled &&
      aws_elasticache_replication_group.main.transit_encryption_mode == "required" && length(aws_elasticache_replication_group.main.auth_token) >= 16
    )
    error_message = "Redis is not encrypted, or asks for no password."
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.static.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    error_message = "The bucket is not encrypted."
  }

  assert {
    condition     = alltrue([for group in aws_cloudwatch_log_group.each : group.kms_key_id == aws_kms_key.main.arn && group.retention_in_days == 30])
    error_message = "Logs are not encrypted, or kept for ever."
  }

  assert {
    condition     = aws_ecr_repository.app.image_tag_mutability == "IMMUTABLE" && one(aws_ecr_repository.app.image_scanning_configuration).scan_on_push
    error_message = "An image can be replaced under its tag, or is not scanned."
  }

  assert {
    condition     = alltrue([for behaviour in concat(aws_cloudfront_distribution.front.default_cache_behavior, aws_cloudfront_distribution.front.ordered_cache_behavior) : behaviour.viewer_protocol_policy == "redirect-to-https"])
    error_message = "People may speak plain HTTP."
  }

  assert {
    condition     = aws_db_instance.main.multi_az && aws_db_instance.main.backup_retention_period == 7 && aws_db_instance.main.deletion_protection && !aws_db_instance.main.skip_final_snapshot
    error_message = "The database is lost too easily."
  }

  assert {
    condition     = aws_elasticache_replication_group.main.automatic_failover_enabled && aws_elasticache_replication_group.main.multi_az_enabled
    error_message = "No Redis takes over."
  }

  assert {
    condition     = aws_ecs_service.web["web"].desired_count == 2 && one(aws_ecs_service.web["web"].deployment_circuit_breaker).rollback
    error_message = "One task is one too few, or a bad version stays."
  }

  assert {
    condition     = aws_lb.front.idle_timeout >= 10 * local.heartbeat && local.server_idle > aws_lb.front.idle_timeout
    error_message = "The balancer ends sockets that are alive, or uses connections that the server closes."
  }

  assert {
    condition     = aws_lb_target_group.web.deregistration_delay == "30" && one(aws_lb_target_group.web.health_check).path == "/health/ready"
    error_message = "Requests are cut off, or nobody asks whether tasks are ready."
  }

  assert {
    condition     = { for key, policy in aws_appautoscaling_policy.web : key => one(policy.target_tracking_scaling_policy_configuration).target_value } == { cpu = 60, connections = 4000 }
    error_message = "The service does not grow with processor and sockets."
  }

  assert {
    condition = (
      one(one(aws_appautoscaling_policy.web["connections"].target_tracking_scaling_policy_configuration).customized_metric_specification).namespace == jsondecode(aws_ecs_task_definition.each["web"].container_definitions)[0].environment[index([for one in jsondecode(aws_ecs_task_definition.each["web"].container_definitions)[0].environment : one.name], "METRICS_LOG_NAMESPACE")].value
    )
    error_message = "The metric that is scaled by is not the one that the server writes."
  }
}
