# What a repository's workflows on GitHub may do, without keys: pull requests look, the main branch releases.
# A release is an image, migrations, static files and the service. Whatever else a plan would change is
# refused to them, and is for somebody with more rights, who runs `make up` by hand.
locals {
  github = "token.actions.githubusercontent.com"

  # The role, and whose tokens it believes.
  workflows = var.github_repository == "" ? {} : {
    plan    = ["repo:${var.github_repository}:pull_request"]
    release = ["repo:${var.github_repository}:ref:refs/heads/main", "repo:${var.github_repository}:environment:${var.environment}"]
  }
  github_provider = one(concat([for provider in aws_iam_openid_connect_provider.github : provider.arn], [for arn in [var.github_provider_arn] : arn if arn != ""]))

  arn    = "arn:${data.aws_partition.here.partition}"
  states = "${local.arn}:s3:::chatscape-state-${local.account}-${var.region}"
  state  = "${local.states}/chatscape/${var.environment}/terraform.tfstate"
}

resource "aws_iam_openid_connect_provider" "github" {
  for_each = toset(var.github_repository != "" && var.github_provider_arn == "" ? [local.github] : [])

  url            = "https://${each.key}"
  client_id_list = ["sts.amazonaws.com"]
}

data "aws_iam_policy_document" "workflows_assume" {
  for_each = local.workflows

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [local.github_provider]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.github}:aud"
      values   = ["sts.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.github}:sub"
      values   = each.value
    }
  }
}

resource "aws_iam_role" "workflows" {
  for_each = local.workflows

  name                 = "${local.name}-${each.key}"
  description          = "Workflows of ${var.github_repository}: ${each.key}"
  assume_role_policy   = data.aws_iam_policy_document.workflows_assume[each.key].json
  max_session_duration = 7200
}

# What Terraform reads to compare. Most of these know no narrower resource.
data "aws_iam_policy_document" "look" {
  statement {
    sid = "Compare"
    actions = [
      "acm:DescribeCertificate", "acm:ListTagsForCertificate",
      "application-autoscaling:DescribeScalableTargets", "application-autoscaling:DescribeScalingPolicies", "application-autoscaling:ListTagsForResource",
      "budgets:ListTagsForResource", "budgets:ViewBudget",
      "cloudfront:DescribeFunction", "cloudfront:GetDistribution", "cloudfront:GetFunction", "cloudfront:GetOriginAccessControl", "cloudfront:GetResponseHeadersPolicy", "cloudfront:ListTagsForResource",
      "cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource",
      "cognito-idp:AdminGetUser", "cognito-idp:AdminListGroupsForUser", "cognito-idp:DescribeUserPool", "cognito-idp:DescribeUserPoolClient", "cognito-idp:DescribeUserPoolDomain", "cognito-idp:GetGroup", "cognito-idp:GetUserPoolMfaConfig",
      "ec2:DescribeAddresses", "ec2:DescribeAddressesAttribute", "ec2:DescribeAvailabilityZones", "ec2:DescribeInternetGateways", "ec2:DescribeManagedPrefixLists", "ec2:DescribeNatGateways", "ec2:DescribeNetworkAcls", "ec2:DescribePrefixLists", "ec2:DescribeRouteTables", "ec2:DescribeSecurityGroupRules", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcAttribute", "ec2:DescribeVpcEndpoints", "ec2:DescribeVpcs", "ec2:GetManagedPrefixListEntries",
      "ecr:DescribeImages", "ecr:DescribeRepositories", "ecr:GetAuthorizationToken", "ecr:GetLifecyclePolicy", "ecr:ListTagsForResource",
      "ecs:DescribeClusters", "ecs:DescribeServices", "ecs:DescribeTaskDefinition", "ecs:DescribeTasks", "ecs:ListTagsForResource", "ecs:ListTasks",
      "elasticache:DescribeCacheClusters", "elasticache:DescribeCacheSubnetGroups", "elasticache:DescribeReplicationGroups", "elasticache:ListTagsForResource",
      "elasticloadbalancing:DescribeCapacityReservation", "elasticloadbalancing:DescribeListenerAttributes", "elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeLoadBalancerAttributes", "elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeRules", "elasticloadbalancing:DescribeTags", "elasticloadbalancing:DescribeTargetGroupAttributes", "elasticloadbalancing:DescribeTargetGroups",
      "kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags",
      "logs:DescribeLogGroups", "logs:ListTagsForResource",
      "rds:DescribeDBInstances", "rds:DescribeDBParameterGroups", "rds:DescribeDBParameters", "rds:DescribeDBSubnetGroups", "rds:ListTagsForResource",
      "route53:GetHostedZone", "route53:ListResourceRecordSets",
      "secretsmanager:GetRandomPassword",
      "sns:GetSubscriptionAttributes", "sns:GetTopicAttributes", "sns:ListTagsForResource",
    ]
    resources = ["*"]
  }

  statement {
    sid = "CompareBucket"
    actions = [
      "s3:GetAccelerateConfiguration", "s3:GetBucketAcl", "s3:GetBucketCORS", "s3:GetBucketLocation", "s3:GetBucketLogging", "s3:GetBucketObjectLockConfiguration", "s3:GetBucketOwnershipControls", "s3:GetBucketPolicy", "s3:GetBucketPublicAccessBlock", "s3:GetBucketRequestPayment", "s3:GetBucketTagging", "s3:GetBucketVersioning", "s3:GetBucketWebsite", "s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration", "s3:GetReplicationConfiguration", "s3:ListBucket",
    ]
    resources = [aws_s3_bucket.static.arn, local.states]
  }

  statement {
    sid       = "CompareRoles"
    actions   = ["iam:GetOpenIDConnectProvider", "iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"]
    resources = concat(["${local.arn}:iam::${local.account}:role/${local.name}-*"], compact([local.github_provider]))
  }

  # Terraform keeps what it compares with: whoever looks could read the secrets of this environment.
  statement {
    sid       = "CompareSecrets"
    actions   = ["secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy", "secretsmanager:GetSecretValue"]
    resources = [for secret in aws_secretsmanager_secret.app : secret.arn]
  }

  statement {
    sid       = "ReadState"
    actions   = ["s3:GetObject"]
    resources = [local.state]
  }
}

data "aws_iam_policy_document" "release" {
  statement {
    sid       = "WriteState"
    actions   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    resources = [local.state, "${local.state}.tflock"]
  }

  statement {
    sid       = "ProtectState"
    actions   = ["s3:PutBucketPolicy", "s3:PutBucketPublicAccessBlock", "s3:PutBucketVersioning", "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration"]
    resources = [local.states]
  }

  statement {
    sid       = "PushImage"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"]
    resources = [aws_ecr_repository.app.arn]
  }

  statement {
    sid       = "DescribeTask"
    actions   = ["ecs:RegisterTaskDefinition"]
    resources = ["*"] # It knows no narrower resource.
  }

  statement {
    sid       = "RunTask"
    actions   = ["ecs:RunTask", "ecs:TagResource"]
    resources = ["${local.arn}:ecs:${var.region}:${local.account}:task-definition/${local.name}-*:*"]
  }

  statement {
    sid       = "ReplaceService"
    actions   = ["ecs:UpdateService"]
    resources = ["${local.arn}:ecs:${var.region}:${local.account}:service/${local.name}/${local.name}"]
  }

  statement {
    sid       = "HandOverRoles"
    actions   = ["iam:PassRole"]
    resources = [for role in aws_iam_role.task : role.arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com"]
    }
  }

  statement {
    sid       = "ReadLogs"
    actions   = ["logs:GetLogEvents"]
    resources = ["${aws_cloudwatch_log_group.each["app"].arn}:*"]
  }

  statement {
    sid       = "SeeFiles"
    actions   = ["s3:ListBucketVersions"]
    resources = [aws_s3_bucket.static.arn]
  }

  statement {
    sid       = "WriteFiles"
    actions   = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:GetObject", "s3:PutObject"]
    resources = ["${aws_s3_bucket.static.arn}/*"]
  }

  statement {
    sid       = "Invalidate"
    actions   = ["cloudfront:CreateInvalidation", "cloudfront:GetInvalidation"]
    resources = [aws_cloudfront_distribution.front.arn]
  }
}

resource "aws_iam_role_policy" "look" {
  for_each = aws_iam_role.workflows

  name   = "look"
  role   = each.value.id
  policy = data.aws_iam_policy_document.look.json
}

resource "aws_iam_role_policy" "release" {
  for_each = { for key, role in aws_iam_role.workflows : key => role if key == "release" }

  name   = "release"
  role   = each.value.id
  policy = data.aws_iam_policy_document.release.json
}
