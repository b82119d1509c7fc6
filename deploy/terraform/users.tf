resource "aws_cognito_user_pool" "people" {
  name                     = local.name
  username_attributes      = ["email"]
  auto_verified_attributes = ["email"]
  mfa_configuration        = "OPTIONAL"
  deletion_protection      = var.deletion_protection ? "ACTIVE" : "INACTIVE"

  username_configuration {
    case_sensitive = false
  }

  schema {
    name                = "email"
    attribute_data_type = "String"
    required            = true
    mutable             = true

    string_attribute_constraints {
      min_length = "3"
      max_length = "254"
    }
  }

  # Another address counts once it is confirmed.
  user_attribute_update_settings {
    attributes_require_verification_before_update = ["email"]
  }

  password_policy {
    minimum_length                   = 10
    require_lowercase                = false
    require_uppercase                = false
    require_numbers                  = false
    require_symbols                  = false
    temporary_password_validity_days = 7
  }

  software_token_mfa_configuration {
    enabled = true
  }

  account_recovery_setting {
    recovery_mechanism {
      name     = "verified_email"
      priority = 1
    }
  }

  # Anybody may make an account here: ChatScape decides who joins (`sign_up`).
  admin_create_user_config {
    allow_admin_create_user_only = false
  }
}

resource "aws_cognito_user_pool_client" "web" {
  name         = "${local.name}-web"
  user_pool_id = aws_cognito_user_pool.people.id

  generate_secret                      = true
  allowed_oauth_flows_user_pool_client = true
  # Authorization code; ChatScape sends PKCE with it.
  allowed_oauth_flows          = ["code"]
  allowed_oauth_scopes         = ["openid", "email", "profile"]
  supported_identity_providers = ["COGNITO"]
  callback_urls                = ["${local.public_url}/accounts/oidc/sso/login/callback/"]
  logout_urls                  = ["${local.public_url}/"]
  explicit_auth_flows          = ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"]

  prevent_user_existence_errors = "ENABLED"
  enable_token_revocation       = true

  # ChatScape has sessions of its own and forgets these at once.
  access_token_validity  = 5
  id_token_validity      = 5
  refresh_token_validity = 60

  token_validity_units {
    access_token  = "minutes"
    id_token      = "minutes"
    refresh_token = "minutes"
  }
}

resource "aws_cognito_user_pool_domain" "people" {
  domain       = local.unique
  user_pool_id = aws_cognito_user_pool.people.id
}

# The server is told which groups are which roles, see docs/sign-in.md.
resource "aws_cognito_user_group" "roles" {
  for_each = { admins = "Administrators", moderators = "Moderators" }

  name         = each.key
  description  = "${each.value} of ChatScape"
  user_pool_id = aws_cognito_user_pool.people.id
}

resource "aws_cognito_user" "owner" {
  for_each = toset(var.owner_email == "" ? [] : [var.owner_email])

  user_pool_id             = aws_cognito_user_pool.people.id
  username                 = each.key
  desired_delivery_mediums = ["EMAIL"]

  attributes = {
    email          = each.key
    email_verified = "true"
  }
}

resource "aws_cognito_user_in_group" "owner" {
  for_each = aws_cognito_user.owner

  user_pool_id = aws_cognito_user_pool.people.id
  group_name   = aws_cognito_user_group.roles["admins"].name
  username     = each.value.username
}
