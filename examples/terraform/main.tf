# SPDX-License-Identifier: Apache-2.0
#
# Least privilege for tokens, as code: a role that a team's pipeline assumes and that may ask for tokens for one audience,
# under a permissions boundary; a group of people who may assume it; a user for the pipeline with its own key; and a
# Kubernetes cluster whose service accounts may assume the role without any key.
# Nothing but the `endpoints` block tells Terraform that this is not AWS.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0"
    }
  }
}

variable "endpoint" {
  description = "Where Exeat answers."
  type        = string
  default     = "https://localhost:8443"
}

variable "audience" {
  description = "The audience that tokens may be for."
  type        = string
  default     = "https://api.example.com"
}

variable "cluster_issuer" {
  description = "The issuer of the Kubernetes cluster's service account tokens."
  type        = string
  default     = "https://kubernetes.example.com:6443"
}

provider "aws" {
  region                  = "us-east-1"
  skip_metadata_api_check = true
  endpoints {
    iam = var.endpoint
    sts = var.endpoint
  }
}

data "aws_caller_identity" "current" {}

# What a token may be, whoever asks: the ceiling.
data "aws_iam_policy_document" "ceiling" {
  statement {
    sid       = "TokensOnly"
    actions   = ["sts:GetWebIdentityToken", "sts:TagGetWebIdentityToken"]
    resources = ["arn:aws:sts::${data.aws_caller_identity.current.account_id}:self"]
    condition {
      test     = "NumericLessThanEquals"
      variable = "sts:DurationSeconds"
      values   = ["900"]
    }
  }
}

resource "aws_iam_policy" "ceiling" {
  name        = "token-ceiling"
  path        = "/federation/"
  description = "The most that a role for tokens may ever do."
  policy      = data.aws_iam_policy_document.ceiling.json
  tags        = { managed-by = "terraform" }
}

# Tokens for one audience. ForAllValues needs the Null test: without it a request without audience would pass.
data "aws_iam_policy_document" "tokens" {
  statement {
    actions   = ["sts:GetWebIdentityToken"]
    resources = ["*"]
    condition {
      test     = "ForAllValues:StringEquals"
      variable = "sts:IdentityTokenAudience"
      values   = [var.audience]
    }
    condition {
      test     = "Null"
      variable = "sts:IdentityTokenAudience"
      values   = ["false"]
    }
  }
}

resource "aws_iam_policy" "tokens" {
  name   = "tokens-for-the-api"
  path   = "/federation/"
  policy = data.aws_iam_policy_document.tokens.json
}

# Who may assume the role: the pipeline's user by its own policy, and one service account of the cluster.
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole", "sts:TagSession"]
    principals {
      type        = "AWS"
      identifiers = [data.aws_caller_identity.current.account_id]
    }
  }
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.cluster.arn]
    }
    condition {
      test     = "StringEquals"
      variable = "${replace(var.cluster_issuer, "https://", "")}:sub"
      values   = ["system:serviceaccount:default:deployer"]
    }
  }
}

resource "aws_iam_role" "deployer" {
  name                 = "deployer"
  path                 = "/federation/"
  description          = "Asks for tokens for the API."
  max_session_duration = 7200
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = aws_iam_policy.ceiling.arn
  tags                 = { team = "platform" }
}

resource "aws_iam_role_policy_attachment" "deployer_tokens" {
  role       = aws_iam_role.deployer.name
  policy_arn = aws_iam_policy.tokens.arn
}

resource "aws_iam_role_policy" "deployer_tags" {
  name = "tags"
  role = aws_iam_role.deployer.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:TagGetWebIdentityToken", Resource = "*" }]
  })
}

resource "aws_iam_instance_profile" "deployer" {
  name = "deployer"
  role = aws_iam_role.deployer.name
}

# People and the pipeline.
resource "aws_iam_group" "deployers" {
  name = "deployers"
  path = "/federation/"
}

resource "aws_iam_group_policy" "deployers" {
  name  = "assume-the-deployer"
  group = aws_iam_group.deployers.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["sts:AssumeRole", "sts:TagSession"], Resource = aws_iam_role.deployer.arn }]
  })
}

resource "aws_iam_group_policy_attachment" "deployers" {
  group      = aws_iam_group.deployers.name
  policy_arn = "arn:aws:iam::aws:policy/IAMReadOnlyAccess"
}

resource "aws_iam_user" "pipeline" {
  name          = "pipeline"
  path          = "/federation/"
  force_destroy = true
  tags          = { team = "platform" }
}

resource "aws_iam_user_group_membership" "pipeline" {
  user   = aws_iam_user.pipeline.name
  groups = [aws_iam_group.deployers.name]
}

resource "aws_iam_user_policy" "pipeline" {
  name = "who-am-i"
  user = aws_iam_user.pipeline.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "iam:GetUser", Resource = aws_iam_user.pipeline.arn }]
  })
}

resource "aws_iam_user_policy_attachment" "pipeline" {
  user       = aws_iam_user.pipeline.name
  policy_arn = aws_iam_policy.tokens.arn
}

resource "aws_iam_access_key" "pipeline" {
  user = aws_iam_user.pipeline.name
}

resource "aws_iam_openid_connect_provider" "cluster" {
  url            = var.cluster_issuer
  client_id_list = ["sts.amazonaws.com"]
}

output "role_arn" {
  value = aws_iam_role.deployer.arn
}

output "access_key_id" {
  value = aws_iam_access_key.pipeline.id
}

output "secret_access_key" {
  value     = aws_iam_access_key.pipeline.secret
  sensitive = true
}
