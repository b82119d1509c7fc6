resource "aws_db_subnet_group" "main" {
  name       = local.name
  subnet_ids = local.subnet_ids["data"]
}

resource "aws_db_parameter_group" "main" {
  name   = "${local.name}-17"
  family = "postgres17"

  dynamic "parameter" {
    # TLS only. The log names errors, never the rows or the statements that they are about.
    for_each = {
      "rds.force_ssl"            = "1"
      log_error_verbosity        = "terse"
      log_min_error_statement    = "panic"
      log_min_duration_statement = "-1"
      log_statement              = "none"
    }

    content {
      name  = parameter.key
      value = parameter.value
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_instance" "main" {
  identifier     = local.name
  engine         = "postgres"
  engine_version = "17"
  instance_class = var.database_class

  db_name  = "chatscape"
  username = "chatscape"
  password = local.made["database"]

  storage_type          = "gp3"
  allocated_storage     = var.database_storage.first
  max_allocated_storage = var.database_storage.most
  storage_encrypted     = true

  multi_az               = var.database_multi_az
  db_subnet_group_name   = aws_db_subnet_group.main.name
  vpc_security_group_ids = [aws_security_group.each["database"].id]
  publicly_accessible    = false
  parameter_group_name   = aws_db_parameter_group.main.name
  ca_cert_identifier     = "rds-ca-rsa2048-g1"

  # UTC.
  backup_retention_period    = var.backup_days
  backup_window              = "02:00-03:00"
  maintenance_window         = "sun:03:30-sun:04:30"
  auto_minor_version_upgrade = true
  copy_tags_to_snapshot      = true

  performance_insights_enabled    = true
  enabled_cloudwatch_logs_exports = ["postgresql", "upgrade"]

  deletion_protection       = var.deletion_protection
  delete_automated_backups  = !var.deletion_protection
  skip_final_snapshot       = !var.deletion_protection
  final_snapshot_identifier = "${local.name}-final"

  # RDS would make them itself, and keep them for ever.
  depends_on = [aws_cloudwatch_log_group.each]
}
