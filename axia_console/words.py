"""Every word of the pages in English and Japanese. A language that lacks one does not type-check.

Codes, states and what the limits found stay as they are everywhere: they are the words of logs and runbooks.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Language(StrEnum):
    """A language by the name its speakers give it."""

    ENGLISH = "English"
    JAPANESE = "日本語"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The catalogue of one language."""

    # frame
    trade: str
    positions: str
    data: str
    system: str
    language: str
    signed_in_as: str
    sign_in: str
    sign_out: str
    sign_in_needed: str
    no_role: str
    viewer_only: str
    refuses_exposed: str
    account: str
    # freshness
    fresh: str
    stale: str
    no_snapshot: str
    broken: str
    sending_disabled: str
    exits_only: str
    exit_on_old: str
    quote_old: str
    # kill switch
    kill_switch: str
    switch_on: str
    switch_off: str
    switch_unknown: str
    switch_lost: str
    checked_at: str
    stop_trading: str
    release: str
    mode: str
    halt_means: str
    reduce_only_means: str
    reason: str
    reason_needed: str
    cancels_pending: str
    confirm_stop: str
    confirm_release: str
    release_means: str
    switch_changed: str
    by_at: str
    # trade
    symbol: str
    timeframe: str
    period: str
    day: str
    week: str
    month: str
    quarter: str
    year: str
    bid: str
    ask: str
    spread_points: str
    no_bars: str
    bars_from: str
    missing_bars: str
    volume: str
    ticket: str
    side: str
    buy: str
    sell: str
    order_kind: str
    lots: str
    entry_price: str
    stop_loss: str
    take_profit: str
    stops_in: str
    in_price: str
    in_pips: str
    comment: str
    risk: str
    reward: str
    ratio: str
    pip_value: str
    of_equity: str
    no_stop: str
    wrong_side: str
    verdict: str
    would_be_sent: str
    would_not: str
    check: str
    found: str
    allowed: str
    broker_not_asked: str
    review: str
    review_title: str
    send_order: str
    sent: str
    already_sent: str
    other_content: str
    not_sent: str
    new_ticket: str
    ticket_id: str
    timeline: str
    time_utc: str
    state: str
    why: str
    not_in_ledger: str
    order_final: str
    order_open: str
    # positions
    open_positions: str
    none_open: str
    pending_orders: str
    none_pending: str
    long: str
    short: str
    opened_at_price: str
    price_now: str
    profit: str
    from_order: str
    not_ours: str
    close: str
    modify: str
    cancel: str
    close_title: str
    modify_title: str
    modify_pending_title: str
    cancel_title: str
    lots_to_close: str
    today: str
    balance: str
    equity: str
    result_today: str
    open_profit: str
    unknown: str
    history: str
    filter_text: str
    filter_state: str
    filter_action: str
    export: str
    no_orders: str
    orders_shown: str
    # data
    coverage: str
    complete: str
    partial: str
    provisional: str
    missing: str
    newest_day: str
    newest_due: str
    up_to_date: str
    behind: str
    sources: str
    findings: str
    no_findings: str
    bars_expected: str
    refused_bars: str
    open_in_dagster: str
    request_backfill: str
    backfill_how: str
    collect_lacking: str
    collect_asked: str
    confirm_collect: str
    collecting: str
    not_collected: str
    trading_day: str
    source: str
    # system
    health: str
    part: str
    answer: str
    ledger: str
    queue: str
    dead_letters: str
    cache: str
    store: str
    desk: str
    trading_side: str
    dagster: str
    waiting: str
    in_flight: str
    desk_open: str
    desk_closed: str
    letters_none: str
    letters_some: str
    metrics: str
    orders_day: str
    median_s: str
    worst_s: str
    unsettled: str
    recovery: str
    epoch_since: str
    no_epoch: str
    lease_until: str
    drills: str
    no_drills: str
    drill: str
    measured_in: str
    recovery_point: str
    recovery_time: str
    verification: str
    no_verification: str
    verified: str
    remedy: str
    recent_events: str
    events: str
    who: str
    what: str
    outcome: str
    limits: str
    cannot_read: str


EN = Words(
    trade="Trade",
    positions="Positions and orders",
    data="Data",
    system="System",
    language="Language",
    signed_in_as="Acting as {who}",
    sign_in="Sign in",
    sign_out="Sign out",
    sign_in_needed="Sign in to see the console.",
    no_role="{who} is neither a viewer nor a trader here. The lists are console_viewers and console_traders.",
    viewer_only="You may look. Trading needs the trader role.",
    refuses_exposed="The console does not serve this address: others can reach it, and no sign-in is configured.",
    account="{kind} account {login} · {server}",
    fresh="Live · {age} s old",
    stale="Stale: the trading side last reported {age} s ago",
    no_snapshot="The trading side has not reported yet",
    broken="Broken connection: the ledger does not answer",
    sending_disabled="Sending is disabled until the trading side reports again.",
    exits_only="What is shown is {age} s old. Closing and cancelling stay possible; opening and modifying do not.",
    exit_on_old="What is shown is {age} s old. You may send it: the desk asks the broker, and refuses what is gone.",
    quote_old="The last tick of {symbol} is {age} s old: entries are disabled.",
    kill_switch="Kill switch",
    switch_on="ON · {mode}",
    switch_off="OFF · trading is allowed",
    switch_unknown="ON · not readable, so everything is stopped",
    switch_lost="UNKNOWN · the page has lost touch; act as if it were ON",
    checked_at="checked {at} UTC",
    stop_trading="Stop trading",
    release="Change or release",
    mode="Mode",
    halt_means="HALT: nothing is sent any more, exits included.",
    reduce_only_means="REDUCE_ONLY: exits are still sent, entries are not.",
    reason="Reason",
    reason_needed="A release needs a reason.",
    cancels_pending="AXIA's pending orders are cancelled at the broker by the desk; its positions stay open.",
    confirm_stop="Confirm: stop trading",
    confirm_release="Confirm: allow trading",
    release_means="Orders that were refused meanwhile stay refused.",
    switch_changed="The switch was changed meanwhile. Look at it again.",
    by_at="{who}, {at} UTC: {reason}",
    symbol="Symbol",
    timeframe="Timeframe",
    period="Period",
    day="Day",
    week="Week",
    month="Month",
    quarter="Quarter",
    year="Year",
    bid="Bid",
    ask="Ask",
    spread_points="Spread (points)",
    no_bars="No bars are stored for {symbol} {timeframe} in this period. See Data for a backfill.",
    bars_from="{count} bars, {source}",
    missing_bars="{days} trading days and {gaps} single bars are missing in this period.",
    volume="Volume (ticks)",
    ticket="Order ticket",
    side="Side",
    buy="Buy",
    sell="Sell",
    order_kind="Order type",
    lots="Lots",
    entry_price="Entry price",
    stop_loss="Stop loss",
    take_profit="Take profit",
    stops_in="Stops as",
    in_price="Price",
    in_pips="Pips",
    comment="Comment",
    risk="Risk at the stop",
    reward="Reward at the target",
    ratio="Reward for risk",
    pip_value="One pip",
    of_equity="{percent} % of equity",
    no_stop="not limited",
    wrong_side="wrong side",
    verdict="Verdict of the limits",
    would_be_sent="All limits are passed: the desk would send it to the broker.",
    would_not="It would come to {outcome}: {code} — {figure}; {limit}; {remedy}.",
    check="Check",
    found="Found",
    allowed="Allowed",
    broker_not_asked="By ledger and snapshot; the broker itself is asked only when the desk sends.",
    review="Review order",
    review_title="Send this order?",
    send_order="Send order",
    sent="Sent: {id}",
    already_sent="This ticket had been sent already; nothing was sent again.",
    other_content="This ticket was sent with other content, in another tab perhaps. Nothing was sent now.",
    not_sent="Not sent, as far as known: {why} The same may be sent once more; it can order only once.",
    new_ticket="New ticket",
    ticket_id="Ticket {id}",
    timeline="Timeline of {id}",
    time_utc="Time (UTC)",
    state="State",
    why="Why",
    not_in_ledger="In the queue; the desk has not taken it yet.",
    order_final="Final: {state}",
    order_open="Under way: {state}",
    open_positions="Open positions",
    none_open="No open position.",
    pending_orders="Pending orders",
    none_pending="No pending order at the broker.",
    long="LONG",
    short="SHORT",
    opened_at_price="Opened at",
    price_now="Closes at",
    profit="Profit",
    from_order="order {id}",
    not_ours="not from AXIA",
    close="Close",
    modify="Modify",
    cancel="Cancel",
    close_title="Close this position?",
    modify_title="Move the stops?",
    modify_pending_title="Move this order?",
    cancel_title="Cancel this order?",
    lots_to_close="Lots to close (empty: all)",
    today="Today",
    balance="Balance",
    equity="Equity",
    result_today="Result since the New York close",
    open_profit="Open profit",
    unknown="unknown",
    history="Orders",
    filter_text="Search id, ticket, comment, reason",
    filter_state="States",
    filter_action="Actions",
    export="Export CSV",
    no_orders="No order matches.",
    orders_shown="Orders shown: {count}",
    coverage="Coverage",
    complete="complete",
    partial="incomplete",
    provisional="provisional",
    missing="missing",
    newest_day="Newest stored day",
    newest_due="Newest due day",
    up_to_date="up to date",
    behind="{days} trading days behind",
    sources="Days by source",
    findings="Findings",
    no_findings="Every day of this period is stored, whole and final.",
    bars_expected="{actual} of {expected} bars",
    refused_bars="bars were refused and kept",
    open_in_dagster="Open in Dagster",
    request_backfill="Request a backfill",
    backfill_how="In Dagster choose Materialize, these days and symbols; or in a shell:",
    collect_lacking="Collect {days} days",
    collect_asked="{series}: Dagster collects them in {runs} runs; days in between that are whole are read once more.",
    confirm_collect="Confirm: collect these days",
    collecting="Collecting, see the run in Dagster: {runs}. The page shows what is stored when it is drawn anew.",
    not_collected="Not all of it was started: {why}",
    trading_day="Trading day",
    source="Source",
    health="Health",
    part="Part",
    answer="Answer",
    ledger="Ledger (DynamoDB)",
    queue="Order queue (SQS)",
    dead_letters="Dead letters",
    cache="Cache (Redis)",
    store="Bars (S3)",
    desk="Desk",
    trading_side="Trading side",
    dagster="Dagster",
    waiting="waiting",
    in_flight="in flight",
    desk_open="open, lease until {until}",
    desk_closed="no desk is open",
    letters_none="none",
    letters_some="{count} letters: `axia dlq list`",
    metrics="Orders of the last 24 hours",
    orders_day="Orders",
    median_s="Median to final (s)",
    worst_s="Slowest to final (s)",
    unsettled="Not settled",
    recovery="Recovery",
    epoch_since="The ledger may have been rewound before {at} UTC; what is older is checked with the broker first.",
    no_epoch="The ledger has never been rewound.",
    lease_until="Lease of {owner}, fence {fence}",
    drills="Drills: the last of each kind",
    no_drills="No drill has been held yet: `axia drill`.",
    drill="Drill",
    measured_in="Where",
    recovery_point="Data lost / promised",
    recovery_time="Time taken / promised",
    verification="Hourly checks",
    no_verification="Nothing has been checked yet: `axia verify`.",
    verified="Checked {at} UTC: {well} well, {red} need a person, {skipped} without meaning here.",
    remedy="Remedy",
    recent_events="Recent events",
    events="Audit",
    who="Who",
    what="What",
    outcome="Outcome",
    limits="Limits",
    cannot_read="cannot be read: {why}",
)

JA = Words(
    trade="取引",
    positions="ポジションと注文",
    data="データ",
    system="システム",
    language="言語",
    signed_in_as="操作者: {who}",
    sign_in="サインイン",
    sign_out="サインアウト",
    sign_in_needed="コンソールを見るにはサインインしてください。",
    no_role="{who} には閲覧者・取引者のどちらの権限もありません（console_viewers、console_traders で設定）。",
    viewer_only="閲覧のみ可能です。取引には取引者の権限が必要です。",
    refuses_exposed="このアドレスでは表示できません。外部から接続でき、サインインが設定されていないためです。",
    account="{kind} 口座 {login} · {server}",
    fresh="最新 · {age} 秒前",
    stale="古い情報: 取引側の最終報告は {age} 秒前",
    no_snapshot="取引側からの報告がまだありません",
    broken="接続断: 台帳が応答しません",
    sending_disabled="取引側の報告が再開するまで発注できません。",
    exits_only="表示は {age} 秒前の情報です。決済と取消は可能ですが、新規と変更はできません。",
    exit_on_old="表示は {age} 秒前の情報です。送信は可能です。デスクが照会し、対象がなければ拒否します。",
    quote_old="{symbol} の最終ティックは {age} 秒前です。新規注文はできません。",
    kill_switch="緊急停止スイッチ",
    switch_on="ON · {mode}",
    switch_off="OFF · 取引できます",
    switch_unknown="ON · 読み取り不能のため全停止",
    switch_lost="不明 · 画面の更新が途絶えました。ON とみなしてください",
    checked_at="{at} UTC 確認",
    stop_trading="取引を停止",
    release="変更・解除",
    mode="モード",
    halt_means="HALT: 決済も含め、一切送信しません。",
    reduce_only_means="REDUCE_ONLY: 決済のみ送信し、新規は送信しません。",
    reason="理由",
    reason_needed="解除には理由が必要です。",
    cancels_pending="AXIA の待機注文はデスクがブローカーで取り消します。ポジションは残ります。",
    confirm_stop="確認: 取引を停止する",
    confirm_release="確認: 取引を許可する",
    release_means="停止中に拒否された注文は拒否されたままです。",
    switch_changed="スイッチは他で変更されました。もう一度確認してください。",
    by_at="{who}、{at} UTC: {reason}",
    symbol="通貨ペア",
    timeframe="時間足",
    period="期間",
    day="1日",
    week="1週間",
    month="1か月",
    quarter="3か月",
    year="1年",
    bid="売値 (Bid)",
    ask="買値 (Ask)",
    spread_points="スプレッド (ポイント)",
    no_bars="この期間の {symbol} {timeframe} は保存されていません。「データ」でバックフィルを依頼できます。",
    bars_from="{count} 本、{source}",
    missing_bars="この期間に {days} 営業日分と {gaps} 本の欠損があります。",
    volume="出来高 (ティック)",
    ticket="注文票",
    side="売買",
    buy="買い",
    sell="売り",
    order_kind="注文種別",
    lots="ロット",
    entry_price="指定価格",
    stop_loss="損切り",
    take_profit="利食い",
    stops_in="損切り・利食いの指定",
    in_price="価格",
    in_pips="pips",
    comment="コメント",
    risk="損切り時の損失",
    reward="利食い時の利益",
    ratio="リスクリワード比",
    pip_value="1 pip の価値",
    of_equity="有効証拠金の {percent} %",
    no_stop="限定なし",
    wrong_side="方向が逆",
    verdict="リミット判定",
    would_be_sent="すべてのリミットを通過します。デスクはブローカーへ送信します。",
    would_not="結果は {outcome} になります: {code} — {figure}; {limit}; {remedy}。",
    check="項目",
    found="現在値",
    allowed="許容値",
    broker_not_asked="台帳とスナップショットによる判定です。ブローカーへの確認はデスクの送信時に行われます。",
    review="注文を確認",
    review_title="この注文を送信しますか",
    send_order="注文を送信",
    sent="送信済み: {id}",
    already_sent="この注文票は送信済みです。二重には送信していません。",
    other_content="この注文票は別の内容で送信済みです（別のタブなど）。今回は送信していません。新しい注文票を開いてください。",
    not_sent="送信を確認できません: {why} 同じ内容は再送できます。二重には発注されません。",
    new_ticket="新しい注文票",
    ticket_id="注文票 {id}",
    timeline="{id} の経過",
    time_utc="時刻 (UTC)",
    state="状態",
    why="理由",
    not_in_ledger="キューにあります。デスクはまだ受け取っていません。",
    order_final="確定: {state}",
    order_open="処理中: {state}",
    open_positions="保有ポジション",
    none_open="保有ポジションはありません。",
    pending_orders="待機注文",
    none_pending="ブローカーに待機注文はありません。",
    long="買い持ち",
    short="売り持ち",
    opened_at_price="約定価格",
    price_now="決済価格",
    profit="損益",
    from_order="注文 {id}",
    not_ours="AXIA 以外",
    close="決済",
    modify="変更",
    cancel="取消",
    close_title="このポジションを決済しますか",
    modify_title="損切り・利食いを変更しますか",
    modify_pending_title="この注文を変更しますか",
    cancel_title="この注文を取り消しますか",
    lots_to_close="決済ロット（空欄: 全部）",
    today="本日",
    balance="残高",
    equity="有効証拠金",
    result_today="NY クローズからの損益",
    open_profit="評価損益",
    unknown="不明",
    history="注文履歴",
    filter_text="ID・チケット・コメント・理由を検索",
    filter_state="状態",
    filter_action="売買区分",
    export="CSV 出力",
    no_orders="該当する注文はありません。",
    orders_shown="表示中の注文: {count} 件",
    coverage="収集状況",
    complete="完全",
    partial="不完全",
    provisional="暫定",
    missing="なし",
    newest_day="最新の保存日",
    newest_due="収集期限が来た最新日",
    up_to_date="最新です",
    behind="{days} 営業日の遅れ",
    sources="ソース別日数",
    findings="検出事項",
    no_findings="この期間のすべての日が完全かつ確定しています。",
    bars_expected="{expected} 本中 {actual} 本",
    refused_bars="拒否され別に保管されたバーあり",
    open_in_dagster="Dagster で開く",
    request_backfill="バックフィルの依頼",
    collect_lacking="{days} 日分を収集",
    collect_asked="{series}: Dagster の {runs} 件の実行で収集します。間にある完全な日も読み直します。",
    confirm_collect="確認: この日付を収集する",
    collecting="収集中です。Dagster の実行: {runs}。保存された分は画面の再表示で反映されます。",
    not_collected="すべては開始できませんでした: {why}",
    backfill_how="Dagster で Materialize を選び、この日付と通貨ペアを指定します。シェルでは:",
    trading_day="取引日",
    source="ソース",
    health="稼働状況",
    part="構成要素",
    answer="応答",
    ledger="台帳 (DynamoDB)",
    queue="注文キュー (SQS)",
    dead_letters="デッドレター",
    cache="キャッシュ (Redis)",
    store="バー (S3)",
    desk="デスク",
    trading_side="取引側",
    dagster="Dagster",
    waiting="待機",
    in_flight="処理中",
    desk_open="稼働中、リース期限 {until}",
    desk_closed="稼働中のデスクなし",
    letters_none="なし",
    letters_some="{count} 件: `axia dlq list`",
    metrics="直近 24 時間の注文",
    orders_day="注文数",
    median_s="確定まで 中央値 (秒)",
    worst_s="確定まで 最長 (秒)",
    unsettled="未確定",
    recovery="復旧",
    epoch_since="台帳は {at} UTC より前に巻き戻った可能性があります。それ以前の注文は先にブローカーへ照会します。",
    no_epoch="台帳が巻き戻ったことはありません。",
    lease_until="リース {owner}、フェンス {fence}",
    drills="訓練: 種類ごとの最新",
    no_drills="訓練はまだ実施されていません: `axia drill`",
    drill="訓練",
    measured_in="環境",
    recovery_point="失われるデータ / 目標",
    recovery_time="所要時間 / 目標",
    verification="毎時の点検",
    no_verification="点検はまだ実施されていません: `axia verify`",
    verified="{at} UTC 点検: 正常 {well}、要対応 {red}、対象外 {skipped}",
    remedy="対処",
    recent_events="最近の出来事",
    events="監査記録",
    who="操作者",
    what="内容",
    outcome="結果",
    limits="リミット",
    cannot_read="読み取れません: {why}",
)

CATALOGUE = {Language.ENGLISH: EN, Language.JAPANESE: JA}
