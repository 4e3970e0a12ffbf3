//! The mistakes that the model of stores can make, one by one: what real session stores do wrong.

/// Some mistakes at once; usually one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mistakes(pub &'static [Mistake]);

impl Mistakes {
    /// None: the specification.
    pub const NONE: Self = Self(&[]);
    /// What an interface does that writes every session back at the end of every request, as Flask-Session does.
    pub const WRITE_BACK: Self = Self(&[
        Mistake::LateReadRevives,
        Mistake::LateUntouchedRevives,
        Mistake::LateWriteRevives,
        Mistake::LateRegenerateRevives,
        Mistake::LateReadRevivesOldId,
        Mistake::LateWriteRevivesOldId,
        Mistake::LateRevivesLost,
        Mistake::ReadUndoesWrite,
        Mistake::UntouchedUndoesWrite,
        Mistake::OldLifetime,
        Mistake::NestedChangeSaved,
    ]);

    /// Whether one of them is this.
    pub fn has(self, mistake: Mistake) -> bool {
        self.0.contains(&mistake)
    }
}

/// Makes the mistakes of a table: each with its name, the rules that it breaks, the foremost first, and what it is.
macro_rules! mistakes {
    ($($mistake:ident $name:literal [$($rule:literal)+] $summary:literal)+) => {
        /// One mistake.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "the table says what each is")]
        pub enum Mistake {
            $($mistake),+
        }

        /// Every mistake: its name, the rules that it breaks, the foremost first, and what it is.
        pub const ALL: &[(Mistake, &str, &[&str], &str)] =
            &[$((Mistake::$mistake, $name, &[$($rule),+], $summary)),+];

        impl Mistake {
            /// The mistake alone.
            pub const fn alone(self) -> Mistakes {
                match self {
                    $(Self::$mistake => Mistakes(&[Self::$mistake])),+
                }
            }
        }
    };
}

mistakes! {
    EveryVisitorGetsKey "store-every-visitor-gets-key" ["STO-1"] "a request that writes nothing makes a session"
    FirstWriteWithoutKey "store-first-write-without-key" ["STO-2"] "the first write sets a cookie and stores nothing"
    FirstWriteWithoutCookie "store-first-write-without-cookie" ["STO-2"] "the first write stores a session and sets no cookie"
    TwoKeys "store-two-keys" ["STO-2"] "the first write makes two keys"
    LifetimeShort "store-lifetime-short" ["STO-3"] "the store keeps a session a tenth shorter than its lifetime"
    LifetimeLong "store-lifetime-long" ["STO-3"] "the store keeps a session for twice its lifetime"
    LifetimeInMinutes "store-lifetime-in-minutes" ["STO-3"] "the store keeps a session for whole minutes, cut off"
    ExpiredAccepted "store-expired-accepted" ["STO-3"] "a session counts as long as the store holds it, whatever its end"
    WriteDoesNotRenew "store-write-does-not-renew" ["STO-3"] "a write does not count the session's life anew"
    FractionCut "store-fraction-cut" ["STO-4"] "a lifetime that is not whole seconds is cut to whole seconds"
    FractionOfSecondIsForever "store-fraction-of-second-is-forever" ["STO-4"] "a lifetime below a second never ends"
    KeyStays "store-key-stays" ["STO-5"] "the key of a permanent session has no end, and is only refused after it"
    NotPermanentKeyStays "store-not-permanent-key-stays" ["STO-8"]
        "the key of a session that is not permanent has no end, and is only refused after it"
    NoEnd "store-no-end" ["STO-5" "STO-3" "STO-8"] "a key has no end"
    ThirtyDaysAsDate "store-thirty-days-as-date" ["STO-6"] "a lifetime beyond 30 days is taken for a date of 1970"
    ThirtyDaysAtMost "store-thirty-days-at-most" ["STO-6"] "a lifetime beyond 30 days is cut to 30 days"
    PermanentWithoutExpires "store-permanent-without-expires" ["STO-7"] "the cookie of a permanent session has no Expires"
    NotPermanentWithExpires "store-not-permanent-with-expires" ["STO-7"]
        "the cookie of a session that is not permanent has an Expires"
    ExpiresLate "store-expires-late" ["STO-7"] "the cookie of a permanent session ends a minute after the session"
    NotPermanentHasNoEnd "store-not-permanent-has-no-end" ["STO-8" "STO-5"]
        "a session that is not permanent has no end in the store"
    ReadDoesNotRenewCookie "store-read-does-not-renew-cookie" ["STO-9"] "a read renews the store and not the cookie"
    ReadDoesNotRenewStore "store-read-does-not-renew-store" ["STO-9"] "a read renews the cookie and not the store"
    RefreshOffRenewsStore "store-refresh-off-renews-store" ["STO-10"] "a read renews the store although refreshing is off"
    RefreshOffRenewsCookie "store-refresh-off-renews-cookie" ["STO-10"] "a read renews the cookie although refreshing is off"
    ReadDoesNotRenew "store-read-does-not-renew" ["STO-11" "STO-9" "STO-12"] "a read renews neither store nor cookie"
    UntouchedDoesNotRenewUntilClosed "store-untouched-does-not-renew-until-closed" ["STO-12"]
        "a request that does not use the session renews none that is not permanent, undeclared"
    UntouchedDoesNotRenew "store-untouched-does-not-renew" ["STO-12" "STO-9"]
        "a request that does not use the session renews nothing, undeclared"
    EndedIsError "store-ended-is-error" ["STO-15"] "a cookie of a session that has ended is an error"
    Boundary "store-boundary" ["STO-14"] "a session at exactly its lifetime is over, undeclared"
    OldLifetime "store-old-lifetime" ["STO-16"] "a shorter lifetime does not count for sessions that are stored"
    RenewalKeepsLifetime "store-renewal-keeps-lifetime" ["STO-9" "STO-11"]
        "a renewal keeps the lifetime that the session was made with"
    ClearKeepsKey "store-clear-keeps-key" ["STO-18"] "clearing the session deletes the cookie and keeps the key"
    ClearKeepsEmptyKey "store-clear-keeps-empty-key" ["STO-18"] "clearing the session leaves an empty session in the store"
    ClearKeepsCookie "store-clear-keeps-cookie" ["STO-18"] "clearing the session deletes the key and keeps the cookie"
    KeepsCopies "store-keeps-copies" ["STO-19"] "an id that was ended is still accepted from a copied cookie"
    DeletionWithoutSecure "store-deletion-without-secure" ["STO-20"] "the deletion has no Secure"
    DeletionWithoutHttpOnly "store-deletion-without-http-only" ["STO-20"] "the deletion has no HttpOnly"
    DeletionWithoutSameSite "store-deletion-without-same-site" ["STO-20"] "the deletion has no SameSite"
    DeletionWithoutPartitioned "store-deletion-without-partitioned" ["STO-20"] "the deletion has no Partitioned"
    DeletionWithoutPath "store-deletion-without-path" ["STO-20"] "the deletion has another path"
    DeletionWithoutDomain "store-deletion-without-domain" ["STO-20"] "the deletion has no Domain"
    DeletionWithoutEnd "store-deletion-without-end" ["STO-20"] "the deletion empties the value and sets no end"
    LateReadRevives "store-late-read-revives" ["STO-22"]
        "a request that read brings back the session that was cleared meanwhile"
    LateUntouchedRevives "store-late-untouched-revives" ["STO-22"]
        "a request that did not use the session brings back what was cleared meanwhile"
    LateReadSetsCookie "store-late-read-sets-cookie" ["STO-22"]
        "a request that read sets the cookie of the session that was cleared meanwhile"
    LateDeletesCookie "store-late-deletes-cookie" ["STO-22"]
        "a request that ends late deletes a cookie that may be that of a newer session"
    LateWriteRevives "store-late-write-revives" ["STO-23"]
        "a request that wrote brings back the session that was cleared meanwhile"
    LateRegenerateRevives "store-late-regenerate-revives" ["STO-23"]
        "a new id brings back the session that was cleared meanwhile"
    LateWriteSaysNothing "store-late-write-says-nothing" ["STO-23"]
        "a write into a session that has ended is dropped without an error, undeclared"
    FirstWriterWins "store-first-writer-wins" ["STO-24"] "the second of two writes is lost"
    ReadUndoesWrite "store-read-undoes-write" ["STO-25"] "a request that only read undoes what another wrote meanwhile"
    UntouchedUndoesWrite "store-untouched-undoes-write" ["STO-25"]
        "a request that did not use the session undoes what another wrote meanwhile"
    UnknownIdAdopted "store-unknown-id-adopted" ["STO-26"] "an id that the store does not know is given to a new session"
    EndedIdUsedAgain "store-ended-id-used-again" ["STO-26" "STO-37"] "an id that has ended is given to a new session"
    RegenerateKeepsOldKey "store-regenerate-keeps-old-key" ["STO-27"] "a new id at login leaves the old one logged in"
    RegenerateLosesData "store-regenerate-loses-data" ["STO-27"] "a new id loses the session's data"
    RegenerateKeepsId "store-regenerate-keeps-id" ["STO-27"] "a new id is the old one"
    LateReadRevivesOldId "store-late-read-revives-old-id" ["STO-27"]
        "a request that read brings back the id that was replaced meanwhile"
    LateWriteRevivesOldId "store-late-write-revives-old-id" ["STO-27"]
        "a request that wrote brings back the id that was replaced meanwhile"
    RegenerateKeepsEnd "store-regenerate-keeps-end" ["STO-28"] "a new id keeps the end of the old one"
    RegenerateWithoutCookie "store-regenerate-without-cookie" ["STO-28"] "a new id is not told to the user agent"
    ShortIds "store-short-ids" ["STO-29"] "ids are counted"
    SecretKeyEndsSessions "store-secret-key-ends-sessions" ["STO-30"]
        "a new secret key ends sessions, although no signature is declared"
    PrefixIgnored "store-prefix-ignored" ["STO-31"] "two applications with different prefixes share their sessions"
    ValuesChanged "store-values-changed" ["STO-32"] "values come back as others"
    UpdateLost "store-update-lost" ["STO-32"] "a second write into a session is lost"
    NestedChangeSaved "store-nested-change-saved" ["STO-33"] "a change inside a nested value is saved although nobody marked it"
    MarkedChangeLost "store-marked-change-lost" ["STO-33"] "a change inside a nested value is lost although it is marked"
    DownIsEmpty "store-down-is-empty" ["STO-34"] "a store that is away looks like an empty session, undeclared"
    DownForVisitors "store-down-for-visitors" ["STO-34"] "a store that is away is an error for visitors without a cookie"
    LogoutWhileDown "store-logout-while-down" ["STO-35"] "a logout says that it worked while the store is away"
    FullLosesSilently "store-full-loses-silently" ["STO-36"] "a full store loses a write without an error"
    LateRevivesLost "store-late-revives-lost" ["STO-37"]
        "a request that ends late brings back a session that the store has lost"
    RestartForgets "store-restart-forgets" ["STO-37"] "a restart of the application ends every session"
    CookieWithoutSecure "store-cookie-without-secure" ["STO-38"] "the cookie has no Secure"
    CookieWithoutHttpOnly "store-cookie-without-http-only" ["STO-38" "STO-20"] "the cookie has no HttpOnly"
    CookieWithoutSameSite "store-cookie-without-same-site" ["STO-38"] "the cookie has no SameSite"
    CookieWithoutPartitioned "store-cookie-without-partitioned" ["STO-38"] "the cookie has no Partitioned"
    CookieWithoutPath "store-cookie-without-path" ["STO-38"] "the cookie has another path"
    CookieWithoutDomain "store-cookie-without-domain" ["STO-38"] "the cookie has no Domain"
    NoVaryOnRead "store-no-vary-on-read" ["STO-39"] "an answer that read the session has no Vary"
    NoVaryOnWrite "store-no-vary-on-write" ["STO-39"] "an answer that sets the cookie has no Vary"
}
