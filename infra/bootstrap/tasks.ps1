<#
The scheduled tasks (design): AXIA_MT5, AXIA_Order_Manager, AXIA_Data_Collector, AXIA_Streamlit; and AXIA_Webserver, the Dagster UI.

All run in the session of the user axia and are started again a minute after they end. AXIA_Order_Manager is the Dagster code
server and daemon, which open the desk and run the schedules; AXIA_Data_Collector makes sure at 07:00 that the schedule of the
collection is on, for the collection itself is Dagster's.
#>
param([Parameter(Mandatory)] [string] $App)

$ErrorActionPreference = 'Stop'
$python = Join-Path $App '.venv\Scripts\python.exe'
$start = Join-Path $App 'infra\bootstrap\start.ps1'
$principal = New-ScheduledTaskPrincipal -UserId 'axia' -LogonType Interactive -RunLevel Limited
$always = New-ScheduledTaskSettingsSet -RestartCount 999 -RestartInterval (New-TimeSpan -Minutes 1) -ExecutionTimeLimit ([TimeSpan]::Zero) -MultipleInstances IgnoreNew -StartWhenAvailable

function Register-AxiaTask([string] $Name, [string] $Part, $Trigger) {
    $arguments = "-NoProfile -NonInteractive -WindowStyle Hidden -ExecutionPolicy Bypass -File `"$start`" -App `"$App`" -Part $Part"
    $action = New-ScheduledTaskAction -Execute 'powershell.exe' -Argument $arguments -WorkingDirectory $App
    Register-ScheduledTask -Force -TaskName $Name -Action $action -Trigger $Trigger -Principal $principal -Settings $always | Out-Null
}

$logon = New-ScheduledTaskTrigger -AtLogOn -User 'axia'
Register-AxiaTask 'AXIA_MT5' 'terminal' $logon
Register-AxiaTask 'AXIA_Order_Manager' 'orders' $logon
Register-AxiaTask 'AXIA_Webserver' 'webserver' $logon
Register-AxiaTask 'AXIA_Streamlit' 'console' $logon
Register-AxiaTask 'AXIA_Data_Collector' 'collector' (New-ScheduledTaskTrigger -Daily -At '07:00')

if (-not (Test-Path $python)) { throw "$python is missing" }
