locals {
  # Neither CloudFront nor the balancer nor the network writes a log: such lines hold people's addresses.
  log_groups = {
    app                 = "/chatscape/${var.environment}"
    database_postgresql = "/aws/rds/instance/${local.name}/postgresql"
    database_upgrade    = "/aws/rds/instance/${local.name}/upgrade"
  }
}

resource "aws_cloudwatch_log_group" "each" {
  for_each = local.log_groups

  name              = each.value
  retention_in_days = var.log_days
  kms_key_id        = aws_kms_key.main.arn
}
