<#
Turns a fresh Windows Server 2022 into the AXIA trading host. UserData calls it; running it again is safe.

The order: programs, AXIA, the session that the terminal lives in, the tasks, the CloudWatch agent, one restart. What the tasks
start is in tasks.ps1, the session in session.ps1. Every downloaded program must carry its maker's signature.
#>
param(
    [Parameter(Mandatory)] [string] $Source,
    [Parameter(Mandatory)] [ValidateSet('demo', 'live')] [string] $Account,
    [Parameter(Mandatory)] [string] $Region,
    [Parameter(Mandatory)] [string] $CacheEndpoint
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'  # the progress bar makes a download ten times slower
$root = 'C:\axia'
$app = Join-Path $root 'app'
Start-Transcript -Append (Join-Path $root 'bootstrap.log')

function Get-SignedFile([string] $Url, [string] $Name, [string] $Publisher) {
    $file = Join-Path $root $Name
    Invoke-WebRequest -UseBasicParsing $Url -OutFile $file
    $signature = Get-AuthenticodeSignature $file
    if ($signature.Status -ne 'Valid' -or $signature.SignerCertificate.Subject -notmatch $Publisher) {
        throw "$Url is not signed by $Publisher ($($signature.Status))"
    }
    return $file
}

function Invoke-Installer([string] $File, [string[]] $Arguments) {
    $ended = Start-Process -Wait -PassThru -FilePath $File -ArgumentList $Arguments
    if ($ended.ExitCode -notin 0, 3010) { throw "$File ended with $($ended.ExitCode)" }
}

# 07:00 of the task scheduler is 07:00 in Tokyo.
tzutil.exe /s 'Tokyo Standard Time'

# Python 3.11 (design); 3.11.9 is the last that has an installer.
if (-not (Test-Path 'C:\Program Files\Python311\python.exe')) {
    $python = Get-SignedFile 'https://www.python.org/ftp/python/3.11.9/python-3.11.9-amd64.exe' 'python.exe' 'Python Software Foundation'
    Invoke-Installer $python @('/quiet', 'InstallAllUsers=1', 'PrependPath=1', 'Include_test=0')
}

# Git (design): for a person who looks into the host; the source itself came as a checked archive.
if (-not (Test-Path 'C:\Program Files\Git\cmd\git.exe')) {
    $git = Get-SignedFile 'https://github.com/git-for-windows/git/releases/download/v2.51.0.windows.1/Git-2.51.0-64-bit.exe' 'git.exe' 'Johannes Schindelin'
    Invoke-Installer $git @('/VERYSILENT', '/NORESTART')
}

# The terminal; the broker's server and the login come with the first start of the MT5 module.
if (-not (Test-Path 'C:\Program Files\MetaTrader 5\terminal64.exe')) {
    $terminal = Get-SignedFile 'https://download.mql5.com/cdn/web/metaquotes.software.corp/mt5/mt5setup.exe' 'mt5setup.exe' 'MetaQuotes'
    Invoke-Installer $terminal @('/auto')
}

# AXIA itself, with the versions that were tested together.
if (Test-Path $app) { Remove-Item -Recurse -Force $app }
Copy-Item -Recurse $Source $app
& 'C:\Program Files\Python311\python.exe' -m venv (Join-Path $app '.venv')
$pip = Join-Path $app '.venv\Scripts\python.exe'
& $pip -m pip install --quiet --compile --constraint (Join-Path $app 'constraints.txt') --editable "$app[console]"
if ($LASTEXITCODE -ne 0) { throw 'AXIA could not be installed' }

# Settings of the machine; the account's password and the cache's stay in Secrets Manager.
$settings = @{
    AWS_DEFAULT_REGION   = $Region
    AXIA_HOME            = (Join-Path $root 'state')
    AXIA_MT5_MODULE      = 'MetaTrader5'
    AXIA_MT5_PATH        = 'C:\Program Files\MetaTrader 5\terminal64.exe'
    AXIA_MT5_CREDENTIALS = 'secrets'
    AXIA_ACCOUNT         = $Account
    AXIA_TOPIC           = 'TSS_SystemEvents'
    AXIA_CLOUDWATCH      = 'true'
    AXIA_DEAD_LETTERS_TOLD = 'false'  # the alarm SQS-DLQ-Messages tells
    TSS_CACHE_ENDPOINT   = $CacheEndpoint
    DAGSTER_HOME         = (Join-Path $root 'state\dagster')
    DAGSTER_EVENT_BATCH_SIZE = '100'  # how many of a run's events go to the event log at a time
}
if ($Account -eq 'live') { $settings['AXIA_LIVE_CONFIRMED'] = 'false' }  # a person sets it to true, on the host
foreach ($entry in $settings.GetEnumerator()) { [Environment]::SetEnvironmentVariable($entry.Key, $entry.Value, 'Machine') }
New-Item -ItemType Directory -Force (Join-Path $root 'state\dagster') | Out-Null
Copy-Item -Force (Join-Path $app 'dagster.yaml') (Join-Path $root 'state\dagster\dagster.yaml')
Copy-Item -Force (Join-Path $PSScriptRoot 'workspace.yaml') (Join-Path $root 'state\dagster\workspace.yaml')

& (Join-Path $PSScriptRoot 'session.ps1') -Root $root
& (Join-Path $PSScriptRoot 'tasks.ps1') -App $app

# Windows events and the task scheduler's log, and nothing else: AXIA sends its own lines, memory and disk, and EC2 the rest.
$agent = Get-SignedFile "https://amazoncloudwatch-agent-$Region.s3.$Region.amazonaws.com/windows/amd64/latest/amazon-cloudwatch-agent.msi" 'agent.msi' 'Amazon'
Invoke-Installer 'msiexec.exe' @('/i', $agent, '/qn')
wevtutil.exe set-log 'Microsoft-Windows-TaskScheduler/Operational' /enabled:true
& 'C:\Program Files\Amazon\AmazonCloudWatchAgent\amazon-cloudwatch-agent-ctl.ps1' -a fetch-config -m ec2 -s -c "file:$(Join-Path $PSScriptRoot 'cloudwatch-agent.json')"

Stop-Transcript
Restart-Computer -Force  # into the session, where the tasks start
