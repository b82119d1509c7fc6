locals {
  # What is made up once, and how long it is. Letters and digits only: they stand in addresses and headers.
  lengths = {
    secret_key = 64
    database   = 48
    cache      = 64
    origin     = 48
    metrics    = 48
  }
  made = { for name, kept in terraform_data.made : name => sensitive(kept.output) }

  # The authorities of RDS are Amazon's own: whoever has put them beside the code has the server believe those
  # alone (docs/aws.md).
  authorities  = "deploy/database-ca.pem"
  database_tls = fileexists("${path.module}/../../${local.authorities}") ? "sslmode=verify-full&sslrootcert=/srv/app/${local.authorities}" : "sslmode=require"

  # What the server reads. Whole addresses, so that nothing is put together by hand.
  secrets = {
    SECRET_KEY         = local.made["secret_key"]
    DATABASE_URL       = "postgres://${aws_db_instance.main.username}:${local.made["database"]}@${aws_db_instance.main.endpoint}/${aws_db_instance.main.db_name}?${local.database_tls}"
    REDIS_URL          = "rediss://:${local.made["cache"]}@${aws_elasticache_replication_group.main.primary_endpoint_address}:6379/0"
    OIDC_CLIENT_SECRET = aws_cognito_user_pool_client.web.client_secret
    METRICS_TOKEN      = local.made["metrics"]
  }
  secret_names = toset(["SECRET_KEY", "DATABASE_URL", "REDIS_URL", "OIDC_CLIENT_SECRET", "METRICS_TOKEN"])

  # With its version: another value is another task definition, and the service follows.
  secret_sources = merge(
    var.secret_settings,
    { for name in local.secret_names : name => "${aws_secretsmanager_secret.app[name].arn}:::${aws_secretsmanager_secret_version.app[name].version_id}" },
  )
}

# Another one at each look...
data "aws_secretsmanager_random_password" "made" {
  for_each = local.lengths

  password_length     = each.value
  exclude_punctuation = true
}

# ... of which the first is kept. `terraform apply -replace='terraform_data.made["metrics"]'` takes another.
resource "terraform_data" "made" {
  for_each = local.lengths

  input = data.aws_secretsmanager_random_password.made[each.key].random_password

  lifecycle {
    ignore_changes = [input]
  }
}

resource "aws_secretsmanager_secret" "app" {
  for_each = local.secret_names

  name        = "${local.name}/${each.key}"
  description = "${each.key} of ChatScape, ${var.environment}"
  # An environment that comes and goes wants its names back at once.
  recovery_window_in_days = var.deletion_protection ? 30 : 0
}

resource "aws_secretsmanager_secret_version" "app" {
  for_each = local.secret_names

  secret_id     = aws_secretsmanager_secret.app[each.key].id
  secret_string = local.secrets[each.key]
}
