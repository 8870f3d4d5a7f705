//! One's own password, where one is signed in, and how this server was started.

use leptos::prelude::*;

use crate::{
    api::{ChangePassword, EndSessions, get_instance, list_sessions},
    model::{BegunSession, Instance, OTHERS, Setting},
    ui::{
        Actions, CallForm, Columns, Fact, Fetched, Field, Header, Moment, Notice, Refusal, announce,
    },
};

#[component]
pub fn SettingsPage() -> impl IntoView {
    let instance = Resource::new(|| (), |()| get_instance());
    let done = expect_context::<Actions>().done;
    let sessions = Resource::new(move || done.get(), |_| list_sessions());
    let end = ServerAction::new();
    announce(end, |count| match count {
        1 => Notice::done("One session has ended."),
        count => Notice::done(format!("{count} sessions have ended.")),
    });
    view! {
        <Header title="Settings" />
        <div class="scroll">
            <PasswordForm />
            <Fetched from=sessions let:sessions>
                <SignedIn sessions end />
            </Fetched>
            <Fetched from=instance let:instance>
                <InForce instance />
            </Fetched>
        </div>
    }
}

#[component]
fn PasswordForm() -> AnyView {
    let change = ServerAction::<ChangePassword>::new();
    let pending = change.pending();
    view! {
        <section class="sheet-form" aria-labelledby="password-form">
            <h2 id="password-form">"Your password"</h2>
            <p class="dim">"All your sessions end, this one too: sign in with the new one."</p>
            <CallForm action=change class="form">
                <Refusal action=change />
                <Field label="Current password">
                    <input
                        type="password"
                        name="current"
                        required
                        autocomplete="current-password"
                    />
                </Field>
                <Field label="New password" hint="At least 12 characters.">
                    <input
                        type="password"
                        name="new"
                        required
                        minlength="12"
                        autocomplete="new-password"
                    />
                </Field>
                <div class="row">
                    <button class="btn main" disabled=pending>
                        "Change password"
                    </button>
                </div>
            </CallForm>
        </section>
    }
    .into_any()
}

#[component]
fn SignedIn(sessions: Vec<BegunSession>, end: ServerAction<EndSessions>) -> AnyView {
    let alone = sessions.len() < 2;
    let pending = end.pending();
    let rows: Vec<_> =
        sessions.into_iter().map(|session| view! { <SessionRow session /> }).collect();
    let proof = (!alone).then(|| {
        view! {
            <Field label="Your password" hint="To end a session, give it again.">
                <input
                    type="password"
                    name="password"
                    required
                    autocomplete="current-password"
                />
            </Field>
            <div class="row">
                <button class="btn" name="which" value=OTHERS disabled=pending>
                    "End all others"
                </button>
            </div>
        }
    });
    view! {
        <section class="sheet-form" aria-labelledby="sessions">
            <h2 id="sessions">"Where you are signed in"</h2>
            <p class="dim">
                "A session ends after a week without use, and after thirty days in any case. If you do not know one, \
                 end it and change your password."
            </p>
            <CallForm action=end class="form">
                // Without it the Enter key in the field would press the first button.
                <button hidden disabled></button>
                <Refusal action=end />
                <table class="plain">
                    <Columns names=&["Browser", "Signed in", "Last used"] acted=true />
                    <tbody>{rows}</tbody>
                </table>
                {proof}
            </CallForm>
        </section>
    }
    .into_any()
}

#[component]
fn SessionRow(session: BegunSession) -> AnyView {
    let BegunSession { id, client, browser, address, created_at, used_at, own } = session;
    let action = match own {
        true => view! { <span class="dim">"This one"</span> }.into_any(),
        false => view! {
            <button class="btn" name="which" value=id>
                "End"
            </button>
        }
        .into_any(),
    };
    view! {
        <tr>
            <td>
                <b title=client>{browser}</b>
                <div class="m dim">{address}</div>
            </td>
            <td data-label="Signed in">
                <Moment at=created_at />
            </td>
            <td data-label="Last used">
                <Moment at=used_at />
            </td>
            <td>
                <div class="row end-row">{action}</div>
            </td>
        </tr>
    }
    .into_any()
}

#[component]
fn InForce(instance: Instance) -> AnyView {
    let facts: Vec<_> = instance
        .settings
        .into_iter()
        .map(|Setting { name, value, variable }| {
            view! {
                <Fact name>
                    {value}
                    {variable.map(|variable| view! { <div class="m dim">{variable}</div> })}
                </Fact>
            }
        })
        .collect();
    view! {
        <section class="sheet-form" aria-labelledby="in-force">
            <h2 id="in-force">"This server"</h2>
            <p class="dim">
                "Set by its environment or the flags of sluice serve, and in force since it started."
            </p>
            <dl class="facts">{facts}</dl>
        </section>
    }
    .into_any()
}
