# What is no answer is refused before anything is made, by the name of the variable.

mock_provider "aws" {
  source = "./tests/mocks"
}

mock_provider "aws" {
  alias  = "us_east_1"
  source = "./tests/mocks"
}

variables {
  environment = "test"
}

run "nonsense" {
  command = plan

  variables {
    environment          = "Prod!"
    region               = "Frankfurt"
    domain               = "https://chat.example.org/"
    image_tag            = "a b"
    cidr                 = "10.0.0.0/30"
    zones                = 1
    price_class          = "All"
    architecture         = "amd64"
    task_cpu             = 1000
    processes            = 0
    tasks_min            = 0
    connections_target   = 70000
    cpu_target           = 100
    database_class       = "t4g.small"
    database_storage     = { first = 20, most = 20 }
    database_connections = 1
    backup_days          = 0
    cache_node           = "t4g.micro"
    cache_nodes          = 0
    owner_email          = "alice"
    sign_up              = "closed"
    settings             = { EMAIL_PASSWORD = "x" }
    secret_settings      = { EMAIL_URL = "smtp://mail.example.org" }
    log_days             = 2
    alarm_email          = "alice"
    budget_usd           = -1
    budget_of            = "team"
    github_repository    = "chatscape"
    github_provider_arn  = "github"
  }

  expect_failures = [
    var.environment, var.region, var.domain, var.image_tag, var.cidr, var.zones, var.price_class, var.architecture,
    var.task_cpu, var.processes, var.tasks_min, var.connections_target, var.cpu_target,
    var.database_class, var.database_storage, var.database_connections, var.backup_days, var.cache_node, var.cache_nodes,
    var.owner_email, var.sign_up, var.settings, var.secret_settings, var.log_days, var.alarm_email, var.budget_usd, var.budget_of,
    var.github_repository, var.github_provider_arn,
  ]
}

# These look at others, which must make sense for that.
run "more_nonsense" {
  command = plan

  variables {
    zone_id     = "/hostedzone/Z1"
    task_memory = 1000
    tasks_max   = 1
  }

  expect_failures = [var.zone_id, var.task_memory, var.tasks_max]
}

run "a_name_that_cognito_refuses" {
  command = plan

  variables {
    environment = "awstest"
  }

  expect_failures = [var.environment]
}

run "a_domain_without_its_zone" {
  command = plan

  variables {
    domain = "chat.example.org"
  }

  expect_failures = [var.zone_id]
}

run "memory_that_fargate_has_not" {
  command = plan

  variables {
    task_cpu    = 4096
    task_memory = 4096
  }

  expect_failures = [var.task_memory]
}
