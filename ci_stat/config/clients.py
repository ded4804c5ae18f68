"""Settings of the servers that clients call, one group a server."""

from dataclasses import dataclass

from ci_stat.config.keys import MAX_PORT, Secret, secret, setting, text, whole_or_none


@dataclass(frozen=True, slots=True)
class Jenkins:
    """The Jenkins that `ci-stat sync jenkins` and the logs come from."""

    url: str = setting(
        "jenkins_url",
        "root of the Jenkins that `ci-stat sync jenkins` and the logs come from",
        text,
    )
    user: str = setting("jenkins_user", "user in Jenkins, for whom the token was made", text)
    token: Secret = setting("jenkins_token", "the user's API token", secret)


@dataclass(frozen=True, slots=True)
class Feishu:
    """A chat in Feishu or Lark: a custom bot's webhook, an app, or both."""

    webhook: Secret = setting("webhook", "Feishu custom bot to post to: its whole address", secret)
    webhook_secret: Secret = setting(
        "webhook_secret", "the bot's signing secret, if it asks for signatures", secret
    )
    keyword: str = setting(
        "webhook_keyword", "a word that the bot wants in each message, if it asks for one", text
    )
    app_id: str = setting(
        "app_id", "Feishu app to post as; with a webhook too, the webhook is the spare way", text
    )
    app_secret: Secret = setting("app_secret", "the Feishu app's secret", secret)
    chat: str = setting(
        "chat_id",
        "chat that the app posts to: its id (oc_...), or a name that only one chat has",
        text,
    )
    url: str = setting(
        "feishu_url",
        "Feishu's API; Lark's international side is https://open.larksuite.com",
        text,
        "https://open.feishu.cn",
    )


@dataclass(frozen=True, slots=True)
class Mail:
    """The SMTP server, and who gets reports."""

    host: str = setting("mail_host", "SMTP server to send reports by", text)
    port: int | None = setting(
        "mail_port", "its port (default: 587, or 465 for ssl)", whole_or_none(MAX_PORT)
    )
    tls: str = setting("mail_tls", "encryption: starttls, ssl or none", text, "starttls")
    ca: str = setting(
        "mail_ca", "file of a certificate authority of your own, to check the mail server by", text
    )
    user: str = setting("mail_user", "user in the mail server", text)
    password: Secret = setting("mail_password", "the user's password", secret)
    sender: str = setting("mail_from", "sender of reports", text)
    recipients: str = setting("mail_to", "who gets reports: addresses with commas between", text)


@dataclass(frozen=True, slots=True)
class Slack:
    """A channel in Slack: a webhook, or a bot's token."""

    webhook: Secret = setting("slack_webhook", "Slack incoming webhook to post to", secret)
    token: Secret = setting(
        "slack_token", "Slack bot token to post with, instead of a webhook", secret
    )
    channel: str = setting("slack_channel", "channel that the token posts to", text)
    url: str = setting("slack_url", "Slack's API", text, "https://slack.com/api")


@dataclass(frozen=True, slots=True)
class GitHub:
    """The repository that issues are filed in."""

    token: Secret = setting("gh_token", "GitHub token to read and file issues with", secret)
    repo: str = setting("github_repo", "repository that issues are filed in", text, "pingcap/tidb")
    url: str = setting(
        "github_url",
        "GitHub's API; of GitHub Enterprise https://HOST/api/v3",
        text,
        "https://api.github.com",
    )
