//! People: who may sign in and what they may do; asking someone in, and taking someone out.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::shown_once::ShownOnce;
use crate::{
    api::{ChangeRole, InvitePerson, RemovePerson, SignOutPerson, WithdrawInvitation, list_people},
    model::{InvitationView, People, ROLES, RoleGiven, UserView},
    ui::{
        Actions, CallForm, Columns, Confirm, Day, Fetched, Field, FormEnd, Header, NewLink, Notice,
        Refusal, Role, announce, undoable,
    },
};

/// What can be done about people.
#[derive(Clone, Copy)]
struct Deeds {
    role: ServerAction<ChangeRole>,
    sign_out: ServerAction<SignOutPerson>,
    remove: ServerAction<RemovePerson>,
    withdraw: ServerAction<WithdrawInvitation>,
}

fn told(RoleGiven { email, role, before, .. }: &RoleGiven) -> String {
    format!("{email} is {role} from their next click on; before: {before}.")
}

fn back(RoleGiven { id, before, .. }: RoleGiven) -> ChangeRole {
    ChangeRole { id, role: before }
}

#[component]
pub fn PeoplePage() -> impl IntoView {
    let query = use_query_map();
    let field = move |name: &'static str| Memo::new(move |_| query.with(|query| query.get(name)));
    let (made, new) = (field("made"), field("new"));
    let done = expect_context::<Actions>().done;
    let people = Resource::new(move || (made.get(), done.get()), |_| list_people());
    let deeds = Deeds {
        role: undoable(told, back),
        sign_out: ServerAction::new(),
        remove: ServerAction::new(),
        withdraw: ServerAction::new(),
    };
    announce(deeds.sign_out, |count| match count {
        0 => Notice::done("They were signed in nowhere."),
        1 => Notice::done("Their session has ended."),
        count => Notice::done(format!("Their {count} sessions have ended.")),
    });
    announce(deeds.remove, |()| Notice::done("They are out: their sessions have ended."));
    announce(deeds.withdraw, |()| Notice::done("The link works no more."));
    let asked = Memo::new(move |_| new.get().is_some());
    view! {
        <Header title="People" />
        <div class="scroll">
            <ShownOnce
                made
                title="The invitation's link"
                note="Hand it to the one who is meant: whoever opens it first comes in. It works once, for seven \
                      days, and is shown only now."
                back="/people"
            />
            <Fetched from=people let:people>
                <Everyone people asked deeds />
            </Fetched>
        </div>
    }
}

#[component]
fn Everyone(people: People, asked: Memo<bool>, deeds: Deeds) -> AnyView {
    let People { users, invitations, me } = people;
    let may_manage = Role::current() >= Role::Owner;
    let form = move || (asked.get() && may_manage).then(|| view! { <InviteForm /> });
    let rows: Vec<_> = users
        .into_iter()
        .map(|user| {
            let manageable = may_manage && user.email != me;
            view! { <Person user manageable deeds /> }
        })
        .collect();
    let waiting: Vec<_> =
        invitations.into_iter().map(|invitation| view! { <Invited invitation deeds /> }).collect();
    view! {
        {form}
        <div class="bar">
            <p class="dim">
                {if may_manage {
                    "Ask people in by a link; each chooses a password of their own."
                } else {
                    "Only an owner can ask people in or change what they may do."
                }}
            </p>
            <NewLink
                wanted=Signal::derive(move || may_manage && !asked.get())
                href="/people?new=1"
                label="Invite"
            />
        </div>
        <table class="plain">
            <Columns names=&["Person", "Role", "Since"] acted=true />
            <tbody>{rows} {waiting}</tbody>
        </table>
    }
    .into_any()
}

#[component]
fn Person(user: UserView, manageable: bool, deeds: Deeds) -> AnyView {
    let UserView { id, email, role, created_at } = user;
    let actions = manageable.then(|| {
        view! { <PersonActions id=id.clone() email=email.clone() deeds /> }
    });
    let role = match manageable {
        true => view! { <RoleForm id email=email.clone() role deeds /> }.into_any(),
        false => view! { <span>{role}</span> }.into_any(),
    };
    view! {
        <tr>
            <td>
                <b>{email}</b>
            </td>
            <td>{role}</td>
            <td data-label="Since">
                <Day at=created_at />
            </td>
            <td>
                <div class="row end-row">{actions}</div>
            </td>
        </tr>
    }
    .into_any()
}

#[component]
fn RoleForm(id: String, email: String, role: String, deeds: Deeds) -> AnyView {
    view! {
        <CallForm action=deeds.role class="inline role-form">
            <input type="hidden" name="id" value=id />
            <Roles label=format!("Role of {email}") chosen=role />
            <button class="btn">"Set"</button>
        </CallForm>
    }
    .into_any()
}

#[component]
fn Roles(#[prop(optional, into)] label: Option<String>, #[prop(into)] chosen: String) -> AnyView {
    let options: Vec<_> = ROLES
        .into_iter()
        .map(|(value, name, _)| {
            view! {
                <option value=value selected=chosen == value>
                    {name}
                </option>
            }
        })
        .collect();
    view! {
        <select name="role" aria-label=label>
            {options}
        </select>
    }
    .into_any()
}

#[component]
fn PersonActions(id: String, email: String, deeds: Deeds) -> AnyView {
    let to_sign_out = id.clone();
    view! {
        <CallForm action=deeds.sign_out class="inline">
            <input type="hidden" name="id" value=to_sign_out />
            <button class="btn" title="Ends all their sessions. They may sign in again.">
                "Sign out"
            </button>
        </CallForm>
        <Confirm
            id=format!("remove-{id}")
            label="Remove"
            title=format!("Remove {email}?")
            text="Their sessions end at once. Keys that they made go on working: revoke those on the keys' page."
        >
            <CallForm action=deeds.remove class="inline">
                <input type="hidden" name="id" value=id />
                <button class="btn danger">"Remove"</button>
            </CallForm>
        </Confirm>
    }
    .into_any()
}

#[component]
fn Invited(invitation: InvitationView, deeds: Deeds) -> AnyView {
    let InvitationView { email, role, invited_by, expires_at } = invitation;
    view! {
        <tr class="ended">
            <td>
                <b>{email.clone()}</b>
                <div class="dim">"Invited by " {invited_by}</div>
            </td>
            <td>{role}</td>
            <td data-label="Link ends">
                <span class="dim">"link ends "</span>
                <Day at=expires_at />
            </td>
            <td>
                <div class="row end-row">
                    <CallForm action=deeds.withdraw class="inline">
                        <input type="hidden" name="email" value=email />
                        <button class="btn">"Withdraw"</button>
                    </CallForm>
                </div>
            </td>
        </tr>
    }
    .into_any()
}

#[component]
fn InviteForm() -> AnyView {
    let invite = ServerAction::<InvitePerson>::new();
    let hints: Vec<_> = ROLES
        .into_iter()
        .map(|(_, name, hint)| view! { <li><b>{name}</b>": " {hint}</li> })
        .collect();
    view! {
        <section class="sheet-form" aria-labelledby="invite-form">
            <h2 id="invite-form">"Invite someone"</h2>
            <p class="dim">
                "You get a link to hand over. For someone who is in already it is the way to a new password; \
                 their role stays."
            </p>
            <CallForm action=invite class="form">
                <Refusal action=invite />
                <Field label="Email">
                    <input type="email" name="email" required autocomplete="off" autofocus />
                </Field>
                <Field label="Role">
                    <Roles chosen="viewer" />
                </Field>
                <ul class="dim hints">{hints}</ul>
                <FormEnd pending=invite.pending() label="Make the link" back="/people" />
            </CallForm>
        </section>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_notice_says_what_happened_and_its_undo_is_the_opposite() {
        let given = RoleGiven {
            id: "usr_1".into(),
            email: "ada@example.test".into(),
            role: "viewer".into(),
            before: "operator".into(),
        };
        assert!(told(&given).starts_with("ada@example.test is viewer"));
        assert_eq!(back(given).role, "operator");
    }
}
