locals {
  # What runs: the server, and one-off commands (migrate; others by an override of the command).
  tasks = merge(
    { migrate = { command = ["migrate", "--noinput"], serves = false } },
    { for name in local.serving : name => { command = ["serve"], serves = true } },
  )

  # Everything the server is told that is no secret. What `settings` says comes last and wins.
  environment = merge({
    HOST                        = "0.0.0.0"
    PORT                        = tostring(local.port)
    PUBLIC_URL                  = local.public_url
    FORWARDED_PROTO_HEADER      = local.protocol_header
    TRUSTED_PROXIES             = "2" # CloudFront and the balancer.
    KEEP_ALIVE_SECONDS          = tostring(local.server_idle)
    HEARTBEAT_SECONDS           = tostring(local.heartbeat)
    WEB_CONCURRENCY             = tostring(var.processes)
    DATABASE_CONNECTIONS        = tostring(var.database_connections)
    CHATSCAPE_VAR               = "/var/lib/chatscape"
    TMPDIR                      = "/var/lib/chatscape"
    LOG_FORMAT                  = "json"
    METRICS_LOG_NAMESPACE       = local.metric_namespace
    METRICS_LOG_SERVICE         = local.name
    SIGN_UP                     = var.sign_up
    OIDC_ISSUER                 = local.oidc_issuer
    OIDC_CLIENT_ID              = aws_cognito_user_pool_client.web.id
    OIDC_SIGN_UP                = var.sign_up
    OIDC_ADMIN_GROUPS           = aws_cognito_user_group.roles["admins"].name
    OIDC_MODERATOR_GROUPS       = aws_cognito_user_group.roles["moderators"].name
    AWS_S3_BUCKET               = aws_s3_bucket.static.id
    AWS_CLOUDFRONT_DISTRIBUTION = aws_cloudfront_distribution.front.id
  }, var.settings)

  oidc_issuer = "https://${aws_cognito_user_pool.people.endpoint}"
}

resource "aws_ecs_cluster" "main" {
  name = local.name

  setting {
    name  = "containerInsights"
    value = var.container_insights ? "enabled" : "disabled"
  }
}

resource "aws_ecs_task_definition" "each" {
  for_each = local.tasks

  family                   = "${local.name}-${each.key}"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.task_cpu
  memory                   = var.task_memory
  execution_role_arn       = aws_iam_role.task["execution"].arn
  task_role_arn            = aws_iam_role.task["app"].arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.architecture
  }

  # Those of before stay: the service runs one until the new one has proved itself.
  skip_destroy = true

  # The only place that can be written to; it goes with the task. The image says whose it is.
  volume {
    name = "state"
  }

  container_definitions = jsonencode([merge(
    {
      name                   = "chatscape"
      image                  = "${aws_ecr_repository.app.repository_url}:${coalesce(var.image_tag, "none")}"
      essential              = true
      command                = each.value.command
      user                   = "10001"
      privileged             = false
      readonlyRootFilesystem = true
      stopTimeout            = local.stopping
      environment            = [for name, value in local.environment : { name = name, value = value }]
      secrets                = [for name, source in local.secret_sources : { name = name, valueFrom = source }]
      mountPoints            = [{ sourceVolume = "state", containerPath = "/var/lib/chatscape", readOnly = false }]
      ulimits                = [{ name = "nofile", softLimit = local.files, hardLimit = local.files }]
      linuxParameters        = { initProcessEnabled = true, capabilities = { drop = ["ALL"] } }

      logConfiguration = {
        logDriver = "awslogs"
        options = {
          "awslogs-group"         = aws_cloudwatch_log_group.each["app"].name
          "awslogs-region"        = var.region
          "awslogs-stream-prefix" = each.key
        }
      }
    },
    { for name, value in {
      portMappings = [{ name = "http", containerPort = local.port, protocol = "tcp" }]
      # Whether the process lives; whether it can serve is the balancer's question.
      healthCheck = {
        command     = ["CMD", "python", "-I", "-S", "/srv/app/deploy/alive.py"]
        interval    = 15
        timeout     = 5
        retries     = 4
        startPeriod = 60
      }
    } : name => value if each.value.serves },
  )])

  depends_on = [aws_iam_role_policy.execution]
}

# New tasks first, then the old ones go; what does not become healthy is taken back.
resource "aws_ecs_service" "web" {
  for_each = local.serving

  name                              = local.name
  cluster                           = aws_ecs_cluster.main.id
  task_definition                   = aws_ecs_task_definition.each[each.key].arn
  launch_type                       = "FARGATE"
  platform_version                  = "1.4.0"
  desired_count                     = var.tasks_min
  availability_zone_rebalancing     = "ENABLED"
  propagate_tags                    = "SERVICE"
  enable_ecs_managed_tags           = true
  enable_execute_command            = false
  health_check_grace_period_seconds = 180

  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = local.task_subnets
    security_groups  = [aws_security_group.each["service"].id]
    assign_public_ip = !var.nat_gateway
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.web.arn
    container_name   = "chatscape"
    container_port   = local.port
  }

  lifecycle {
    # How many there are is autoscaling's from now on. A new version is put into service by `make up`, after
    # the database was migrated for it and its static files were uploaded.
    ignore_changes = [desired_count, task_definition]
  }

  depends_on = [aws_lb_listener_rule.cloudfront, aws_route.internet, aws_route.nat]
}
