"""Least privilege, nothing open, everything encrypted, pinned and described. Runs without terraform."""

import re
import shutil

import pytest

from deploy.tests.terraform import hcl, policy

DOCUMENT = 'data "aws_iam_policy_document" "x" {\n  statement {\n    %s\n  }\n}\n'
ROLE = 'resource "aws_iam_role_policy" "x" {\n  policy = jsonencode({ Statement = [{ %s }] })\n}\n'


def broken(tmp_path, text="", replaced=("", "")):
    for file in hcl.FOLDER.glob("*.tf"):
        shutil.copy(file, tmp_path)
        before = file.read_text()
        if replaced[0] and re.search(replaced[0], before):
            (tmp_path / file.name).write_text(re.sub(replaced[0], replaced[1], before, count=1))
    if text:
        (tmp_path / "broken.tf").write_text(text)
    return policy.problems(hcl.read(tmp_path))


def test_nothing_is_allowed_that_should_not_be():
    assert policy.problems(hcl.read()) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (DOCUMENT % 'actions = ["s3:*"]', "wildcard action s3:*"),
        (DOCUMENT % 'actions = ["s3:Get*"]', "wildcard action s3:Get*"),
        (DOCUMENT % 'actions = ["*"]', "wildcard action *"),
        (DOCUMENT % 'not_actions = ["iam:PassRole"]', "says what is not allowed"),
        (
            DOCUMENT % 'actions = ["s3:GetObject"]\n    resources = ["*"]',
            "wildcard resource for s3:GetObject",
        ),
        (
            DOCUMENT % 'actions = ["s3:GetObject"]\n    principals {\n      identifiers = ["*"]\n    }',
            "everybody is allowed",
        ),
        (ROLE % 'Effect = "Allow", Action = "sqs:*", Resource = "x"', "wildcard action sqs:*"),
        (ROLE % 'Effect = "Allow", Action = ["*"], Resource = "x"', "wildcard action *"),
        (ROLE % 'Effect = "Allow", NotAction = ["x:Y"], Resource = "x"', "says what is not allowed"),
        (ROLE % 'Effect = "Allow", Action = ["s3:GetObject"], Principal = "*"', "everybody is allowed"),
        (
            'resource "aws_iam_role" "x" {\n  y = "arn:aws:iam::aws:policy/AdministratorAccess"\n}\n',
            "wholesale policy",
        ),
        ('locals {\n  actions = ["ec2:Describe*"]\n}\n', "wildcard action ec2:Describe*"),
        (
            'resource "aws_vpc_security_group_ingress_rule" "x" {\n  cidr_ipv4 = "0.0.0.0/0"\n}\n',
            "lets in everybody",
        ),
        (
            'resource "aws_security_group" "x" {\n  ingress {\n    cidr_blocks = ["0.0.0.0/0"]\n  }\n}\n',
            "lets in everybody",
        ),
        ('resource "aws_s3_bucket" "x" {}\n', "aws_s3_bucket_public_access_block is missing"),
        ('resource "aws_cloudwatch_log_group" "x" {}\n', "retention_in_days is missing"),
        ('resource "aws_db_instance" "x" {\n  password = "hunter22"\n}\n', "password is written in the code"),
        ('variable "x" {\n  type = string\n}\n', "has no description"),
        ('variable "x" {\n  description = "x"\n}\n', "has no type"),
        ('resource "aws_vpc" "x" {}\n', "aws_vpc lives in"),
        ('terraform {\n  required_providers {\n    aws = { version = "~> 5.0" }\n  }\n}\n', "is not pinned"),
    ],
)
def test_what_is_added_and_wrong_is_found(tmp_path, text, problem):
    assert [line for line in broken(tmp_path, text) if problem in line]


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        (r"storage_encrypted( +)= true", r"storage_encrypted\1= false", "storage_encrypted must be True"),
        (r"transit_encryption_enabled = true\n", "", "transit_encryption_enabled must be True"),
        (
            r"restrict_public_buckets = true",
            "restrict_public_buckets = false",
            "restrict_public_buckets must be True",
        ),
        (
            r"publicly_accessible( +)= false",
            r"publicly_accessible\1= true",
            "publicly_accessible must be False",
        ),
        (r'"defensive"', '"strictest"', "desync_mitigation_mode must be defensive"),
        (r'"redirect-to-https"', '"allow-all"', "plain http is served"),
        (r"TLSv1\.2_2021", "TLSv1", "old TLS is spoken"),
        (r"ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-2016-08", "old TLS is spoken"),
        (r"use_lockfile = true", "use_lockfile = false", "must be encrypted and locked"),
        (r"retention_in_days = [^\n]+\n", "", "retention_in_days is missing"),
        (r"required_version = [^\n]+\n", "", "terraform's version is not said"),
    ],
)
def test_what_is_made_weaker_is_found(tmp_path, before, after, problem):
    assert [line for line in broken(tmp_path, replaced=(before, after)) if problem in line]
