# A key a region for what is not people's and still need not be read by others: logs, and alarms on their way
# (alarms cannot use the key that AWS manages for topics). The database, the cache and secrets have the keys
# that AWS manages, so that a snapshot outlives this environment.
locals {
  keys = {
    main = { region = var.region, logs = true }
    edge = { region = "us-east-1", logs = false }
  }
}

data "aws_iam_policy_document" "key" {
  for_each = local.keys

  statement {
    sid = "AccountAdministers"
    actions = [
      "kms:CancelKeyDeletion",
      "kms:Decrypt",
      "kms:DescribeKey",
      "kms:DisableKey",
      "kms:EnableKey",
      "kms:EnableKeyRotation",
      "kms:Encrypt",
      "kms:GenerateDataKey",
      "kms:GetKeyPolicy",
      "kms:GetKeyRotationStatus",
      "kms:ListKeyPolicies",
      "kms:ListResourceTags",
      "kms:PutKeyPolicy",
      "kms:ScheduleKeyDeletion",
      "kms:TagResource",
      "kms:UntagResource",
      "kms:UpdateKeyDescription",
    ]
    # In a key's own policy this is the key.
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${data.aws_partition.here.partition}:iam::${local.account}:root"]
    }
  }

  statement {
    sid       = "AlarmsAreSent"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }
  }

  dynamic "statement" {
    for_each = toset(each.value.logs ? ["logs"] : [])

    content {
      sid = "LogsAreKept"
      actions = [
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:GenerateDataKey",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
      ]
      resources = ["*"]

      principals {
        type        = "Service"
        identifiers = ["logs.${each.value.region}.amazonaws.com"]
      }

      condition {
        test     = "ArnEquals"
        variable = "kms:EncryptionContext:aws:logs:arn"
        values   = [for name in values(local.log_groups) : "arn:${data.aws_partition.here.partition}:logs:${var.region}:${local.account}:log-group:${name}"]
      }
    }
  }
}

resource "aws_kms_key" "main" {
  description             = "${local.name}: logs and alarms"
  policy                  = data.aws_iam_policy_document.key["main"].json
  enable_key_rotation     = true
  deletion_window_in_days = 7
}

resource "aws_kms_key" "edge" {
  provider = aws.us_east_1

  description             = "${local.name}: alarms of CloudFront"
  policy                  = data.aws_iam_policy_document.key["edge"].json
  enable_key_rotation     = true
  deletion_window_in_days = 7
}
