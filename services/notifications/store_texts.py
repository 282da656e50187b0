"""Queries of message texts: templates and their published versions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, exists, func, select
from sqlalchemy.orm.attributes import flag_modified

from chassis.store import BaseStore, among, remembered
from notifications.domain.vocabulary import Channel
from notifications.tables import Template, TemplateVersion, TestMessage

# Built once: every message asks for its text.
_PUBLISHED = (
    select(Template, TemplateVersion)
    .join(
        TemplateVersion,
        (TemplateVersion.tenant_id == Template.tenant_id)
        & (TemplateVersion.template_id == Template.id)
        & (TemplateVersion.number == Template.version),
    )
    .where(
        Template.code == bindparam("code"),
        Template.channel == bindparam("channel"),
        among(Template.language, bindparam("languages")),
    )
)


class TextQueries(BaseStore):
    """What the store of one transaction knows of texts."""

    def template(self, code: str, channel: Channel, language: str) -> Template | None:
        query = select(Template).where(
            Template.code == code, Template.channel == channel.value, Template.language == language
        )
        return self.session.scalars(query).one_or_none()

    def template_keys(self) -> set[tuple[str, str, str]]:
        """(code, channel, language) of every template of the tenant."""
        query = select(Template.code, Template.channel, Template.language).where(Template.tenant_id == self.tenant_id)
        return {(code, channel, language) for code, channel, language in self.session.execute(query)}

    def template_text(self, template_id: UUID, number: int) -> TemplateVersion | None:
        return self.session.get(TemplateVersion, (self.tenant_id, template_id, number))

    @remembered
    def published(
        self, code: str, channel: Channel, languages: tuple[str, ...]
    ) -> tuple[Template, TemplateVersion] | None:
        """The template and its published text in the first of the languages that has one."""
        about = {"code": code, "channel": channel.value, "languages": languages}
        found = {row[0].language: (row[0], row[1]) for row in self.session.execute(_PUBLISHED, about)}
        return next((found[language] for language in languages if language in found), None)

    def template_texts(self, templates: Sequence[Template]) -> dict[UUID, TemplateVersion]:
        """The published text of each template."""
        query = (
            select(TemplateVersion)
            .join(
                Template,
                (Template.tenant_id == TemplateVersion.tenant_id) & (Template.id == TemplateVersion.template_id),
            )
            .where(among(Template.id, [row.id for row in templates]), TemplateVersion.number == Template.version)
        )
        return {row.template_id: row for row in self.session.scalars(query)}

    def has_templates(self, code: str) -> bool:
        return bool(self.session.scalar(select(exists().where(Template.code == code))))

    def has_template(self, code: str, channel: Channel) -> bool:
        """Whether a code has a text for a channel, in any language."""
        query = select(exists().where(Template.code == code, Template.channel == channel.value))
        return bool(self.session.scalar(query))

    def touch(self, template: Template) -> None:
        """Makes the next flush write the template (and raise its version) even when no column differs."""
        flag_modified(template, "published_at")

    def list_templates(
        self, code: str, channel: Channel | None, language: str, page_size: int, page_token: str
    ) -> tuple[list[Template], str]:
        query = select(Template)
        if code:
            query = query.where(Template.code == code)
        if channel:
            query = query.where(Template.channel == channel.value)
        if language:
            query = query.where(Template.language == language)
        return self.page(
            query, [Template.code, Template.channel, Template.language, Template.id], page_size, page_token
        )

    def list_template_versions(
        self, template_id: UUID, page_size: int, page_token: str
    ) -> tuple[list[TemplateVersion], str]:
        query = select(TemplateVersion).where(TemplateVersion.template_id == template_id)
        return self.page(query, [TemplateVersion.number], page_size, page_token, descending=True)

    # ---- tests of texts

    def tests_since(self, since: datetime) -> tuple[int, dict[str, int]]:
        """How many tests were sent since an instant, in all and by whom (account → count)."""
        query = (
            select(TestMessage.sent_by, func.count())
            .where(TestMessage.tenant_id == self.tenant_id, TestMessage.created_at > since)
            .group_by(TestMessage.sent_by)
        )
        found = {account: int(count) for account, count in self.session.execute(query)}
        return sum(found.values()), found

    def list_tests(self, template_id: UUID, page_size: int, page_token: str) -> tuple[list[TestMessage], str]:
        query = select(TestMessage).where(
            TestMessage.tenant_id == self.tenant_id, TestMessage.template_id == template_id
        )
        return self.page(query, [TestMessage.id], page_size, page_token, descending=True)
