# What the container is told and may do: everything from the resources, nothing by hand.

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
  settings    = { LOG_LEVEL = "WARNING", SIGN_UP = "open" }
  secret_settings = {
    EMAIL_URL         = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:mail-AbCdEf:url::"
    BACKUP_PASSPHRASE = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:mail-AbCdEf:passphrase::"
  }
}

run "server" {
  assert {
    condition = {
      for one in jsondecode(aws_ecs_task_definition.each["web"].container_definitions)[0].environment : one.name => one.value
      if contains(["PUBLIC_URL", "OIDC_ISSUER", "OIDC_CLIENT_ID", "TRUSTED_PROXIES", "WEB_CONCURRENCY", "LOG_FORMAT", "FORWARDED_PROTO_HEADER", "METRICS_LOG_SERVICE", "OIDC_ADMIN_GROUPS"], one.name)
      } == {
      PUBLIC_URL             = "https://d111111abcdef8.cloudfront.net"
      OIDC_ISSUER            = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Example"
      OIDC_CLIENT_ID         = aws_cognito_user_pool_client.web.id
      TRUSTED_PROXIES        = "2"
      WEB_CONCURRENCY        = "1"
      LOG_FORMAT             = "json"
      FORWARDED_PROTO_HEADER = "X-Viewer-Protocol"
      METRICS_LOG_SERVICE    = "chatscape-test"
      OIDC_ADMIN_GROUPS      = "admins"
    }
    error_message = "The server is told something else than what was made."
  }

  assert {
    condition     = toset([for one in jsondecode(aws_ecs_task_definition.each["web"].container_definitions)[0].secrets : one.name]) == toset(["SECRET_KEY", "DATABASE_URL", "REDIS_URL", "OIDC_CLIENT_SECRET", "METRICS_TOKEN", "EMAIL_URL", "BACKUP_PASSPHRASE"])
    error_message = "A secret is missing, or one too many."
  }

  assert {
    condition     = length(setintersection([for one in jsondecode(aws_ecs_task_definition.each["web"].container_definitions)[0].environment : one.name], [for one in jsondecode(aws_ecs_task_definition.each["web"].container_definitions)[0].secrets : one.name])) == 0
    error_message = "A secret is in the environment in plain text."
  }

  assert {
    condition = [for one in one([for said in data.aws_iam_policy_document.execution.statement : said if said.sid == "ReadSecrets"]).resources : one if strcontains(one, "mail")] == [
      "arn:aws:secretsmanager:eu-central-1:123456789012:secret:mail-AbCdEf"
    ]
    error_message = "The tasks are told a part of a secret that they may not read."
  }

  assert {
    condition     = nonsensitive(aws_secretsmanager_secret_version.app["DATABASE_URL"].secret_string) == "postgres://chatscape:madeup0123456789madeup0123456789@db.example:5432/chatscape?${local.database_tls}" && can(regex("^sslmode=(require$|verify-full&sslrootcert=/srv/app/deploy/)", local.database_tls))
    error_message = "DATABASE_URL is not whole, or without TLS."
  }

  assert {
    condition     = nonsensitive(aws_secretsmanager_secret_version.app["REDIS_URL"].secret_string) == "rediss://:madeup0123456789madeup0123456789@redis.example:6379/0"
    error_message = "REDIS_URL is not whole, or without TLS."
  }

  assert {
    condition     = { for one in jsondecode(aws_ecs_task_definition.each["web"].container_definitions)[0].environment : one.name => one.value if contains(["LOG_LEVEL", "SIGN_UP"], one.name) } == { LOG_LEVEL = "WARNING", SIGN_UP = "open" }
    error_message = "What `settings` says does not win."
  }

  assert {
    condition = alltrue([for task in aws_ecs_task_definition.each : (
      jsondecode(task.container_definitions)[0].readonlyRootFilesystem &&
      jsondecode(task.container_definitions)[0].user == "10001" &&
      !jsondecode(task.container_definitions)[0].privileged &&
      jsondecode(task.container_definitions)[0].linuxParameters.initProcessEnabled &&
      jsondecode(task.container_definitions)[0].linuxParameters.capabilities.drop == ["ALL"] &&
      jsondecode(task.container_definitions)[0].stopTimeout == 60 &&
      jsondecode(task.container_definitions)[0].ulimits[0].hardLimit == 65536
    )])
    error_message = "A container may do more than it must, or has too few files."
  }

  assert {
    condition     = alltrue([for task in aws_ecs_task_definition.each : jsondecode(task.container_definitions)[0].mountPoints[0].containerPath == "/var/lib/chatscape" && one(task.volume).name == "state"])
    error_message = "There is nowhere to write."
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.each["migrate"].container_definitions)[0].command == ["migrate", "--noinput"] && endswith(jsondecode(aws_ecs_task_definition.each["migrate"].container_definitions)[0].image, ":v1")
    error_message = "The one-off task does not migrate, or with another image."
  }
}

run "before_the_first_image" {
  variables {
    image_tag = ""
  }

  assert {
    condition     = length(aws_ecs_service.web) == 0 && length(aws_appautoscaling_policy.web) == 0 && join(",", keys(aws_ecs_task_definition.each)) == "migrate"
    error_message = "A service without an image would only fail."
  }
}
